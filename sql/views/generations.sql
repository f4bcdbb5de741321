-- generations: one row per response, or error, to a request: run, model, prompt, dataset, split,
-- doc, repeat, stage, role and attempt. All attempts are here; the newest is the highest.
--
-- run_id             VARCHAR    the run
-- model              VARCHAR    model evaluated
-- prompt_id          VARCHAR    prompt's name
-- dataset            VARCHAR    dataset's name
-- split              VARCHAR    test or train
-- doc_id             VARCHAR    the case
-- repeat             INTEGER    from 0
-- stage              VARCHAR    main; turn_1, … before the last of several turns; choice_0, … for
--                               the answers of a choice; for a judge field:metric
-- role               VARCHAR    model or judge
-- attempt            INTEGER    from 1: asked again after an error or an unusable judgement
-- asked_model        VARCHAR    model that was asked: the judge's name for a judge
-- request_hash       VARCHAR    content hash of the whole request
-- request            JSON       model, base_url, messages, params, repeat; kind unless it is chat, and
--                               settings where arguments of the model decide its replies
-- response           VARCHAR    text; null when there was none
-- error              VARCHAR    why there is no usable response; null otherwise
-- finish_reason      VARCHAR    length when the reply was truncated; null when unknown
-- prompt_tokens      BIGINT     null when not reported
-- completion_tokens  BIGINT     null when not reported; of lm-eval's engines on this machine other
--                               than hf, and of a reply cut at a stop sequence, an estimate by the
--                               model's tokenizer, never above the limit
-- latency_ms         DOUBLE     request to last byte, in ms; null when not measured
-- billed_usd         DOUBLE     0 when cached, recorded or local; null when the price is unknown
-- cached             BOOLEAN    replayed, from a recorded file or another run; nothing was asked
-- created_at         TIMESTAMP  UTC, when the reply arrived
-- doc_hash           VARCHAR    content hash of the data row that was asked about

select
    cells.run_id,
    cells.model,
    cells.prompt_id,
    cells.dataset,
    cells.split,
    docs.doc_id,
    generations.repeat,
    generations.stage,
    generations.role,
    generations.attempt,
    generations.asked_model,
    generations.request_hash,
    generations.request,
    generations.response,
    generations.error,
    generations.finish_reason,
    generations.prompt_tokens,
    generations.completion_tokens,
    generations.latency_ms,
    generations.billed_usd,
    generations.cached,
    generations.created_at,
    docs.doc_hash
from facts.generations as generations
inner join keyed_cells as cells using (cell_key)
inner join facts.docs as docs using (doc_key)

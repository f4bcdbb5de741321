-- The newest response to each of some requests, whatever run asked them: $hashes is a JSON list.
-- What was itself replayed, as from a file of recorded replies, is no model's answer.
-- Rows are found by their hash alone first: replies are long, and mostly stored next to each other.

with found as materialized (
    select generations.rowid as place
    from facts.generations as generations
    where generations.request_hash in (select unnest(from_json($hashes::json, '["varchar"]')))
),

newest as (
    select
        generations.request_hash,
        arg_max(
            {
                'response': generations.response,
                'finish_reason': generations.finish_reason,
                'prompt_tokens': generations.prompt_tokens,
                'completion_tokens': generations.completion_tokens
            },
            (generations.created_at, generations.response)
        ) as reply
    from facts.generations as generations
    where generations.rowid in (select found.place from found)
        and generations.response is not null
        and generations.error is null
        and not generations.cached
    group by generations.request_hash
)

select
    newest.request_hash,
    newest.reply.response as response,
    newest.reply.finish_reason as finish_reason,
    newest.reply.prompt_tokens as prompt_tokens,
    newest.reply.completion_tokens as completion_tokens
from newest

-- costs: one row per run, model, prompt, dataset and role: what its requests took.
--
-- run_id             VARCHAR  the run
-- model              VARCHAR  model evaluated
-- prompt_id          VARCHAR  prompt's name
-- dataset            VARCHAR  dataset's name
-- role               VARCHAR  model, or judge for what judging it took
-- requests           BIGINT   every attempt, cached ones too
-- errors             BIGINT   of these, how many gave no usable response
-- cached             BIGINT   of these, how many were reused
-- prompt_tokens      BIGINT   null when none was reported
-- completion_tokens  BIGINT   null when none was reported
-- billed_usd         DOUBLE   paid when asked, of what is known; null when nothing is
-- unbilled_requests  BIGINT   responses whose bill isn't known
-- repriced_usd       DOUBLE   all tokens, cached ones too, at the prices in force, of what has a
--                             price; null when nothing has
-- unpriced_requests  BIGINT   responses without tokens or without a price in force
-- latency_ms_p50     DOUBLE   median latency in ms of what wasn't cached; null when not measured
-- latency_ms_p95     DOUBLE   95th percentile
-- latency_ms_p99     DOUBLE   99th percentile

with priced as (
    select
        generations.cell_key,
        generations.role,
        generations.response is not null as answered,
        generations.error,
        generations.cached,
        generations.prompt_tokens,
        generations.completion_tokens,
        generations.billed_usd,
        (
            generations.prompt_tokens * prices.prompt_usd_per_mtok
            + generations.completion_tokens * prices.completion_usd_per_mtok
        ) / 1e6::double as repriced_usd,
        case when generations.cached then null else generations.latency_ms end as latency_ms
    from facts.generations as generations
    left join prices_in_force as prices on generations.asked_model = prices.model
),

summed as (
    select
        cells.run_id,
        cells.model,
        cells.prompt_id,
        cells.dataset,
        priced.role,
        count(*) as requests,
        count(priced.error) as errors,
        count(*) filter (priced.cached) as cached,
        sum(priced.prompt_tokens) as prompt_tokens,
        sum(priced.completion_tokens) as completion_tokens,
        sum(priced.billed_usd) as billed_usd,
        count(*) filter (priced.answered and priced.billed_usd is null) as unbilled_requests,
        sum(priced.repriced_usd) as repriced_usd,
        count(*) filter (priced.answered and priced.repriced_usd is null) as unpriced_requests,
        quantile_cont(priced.latency_ms, [0.5, 0.95, 0.99]) as latencies_ms
    from priced
    inner join keyed_cells as cells using (cell_key)
    group by cells.run_id, cells.model, cells.prompt_id, cells.dataset, priced.role
)

select
    summed.run_id,
    summed.model,
    summed.prompt_id,
    summed.dataset,
    summed.role,
    summed.requests,
    summed.errors,
    summed.cached,
    summed.prompt_tokens::bigint as prompt_tokens,
    summed.completion_tokens::bigint as completion_tokens,
    summed.billed_usd,
    summed.unbilled_requests,
    summed.repriced_usd,
    summed.unpriced_requests,
    summed.latencies_ms[1] as latency_ms_p50,
    summed.latencies_ms[2] as latency_ms_p95,
    summed.latencies_ms[3] as latency_ms_p99
from summed

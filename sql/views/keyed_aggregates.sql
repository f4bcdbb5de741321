-- keyed_aggregates: one row per cell and measure that lm-eval aggregated: its newest aggregate, made
-- whole of items and scores where SQL can say it, for views over facts. What is no more than a mean
-- is left to measured_figures.
--
-- run_id       VARCHAR  the run; grouped by, so that a filter on it reaches the facts
-- cell_key     BIGINT   key of the cell in facts
-- measure_key  BIGINT   key of the measure in facts
-- docs         BIGINT   docs that the figure is over; null for a mean, which is of all scores
-- value        DOUBLE   the figure; null for a mean, when no doc is scored and beside an error
-- stderr       DOUBLE   its standard error by lm-eval's bootstrap; null where there is none, beside
--                       an error and for fewer than two docs
-- error        VARCHAR  why the aggregation gave no figure; null otherwise

with newest as (
    select
        cells.run_id,
        made.cell_key,
        made.measure_key,
        any_value(made.aggregation) as aggregation,
        arg_max(
            {value: made.value, stderr: made.stderr, docs: made.docs, error: made.error},
            made.made_at
        ) as made
    from facts.aggregates as made
    inner join keyed_cells as cells using (cell_key)
    group by cells.run_id, made.cell_key, made.measure_key
),

-- An item is a log-likelihood, or a list of two: with its weight, or a class with the
-- probabilities of all.
item_parts as (
    select
        newest.run_id,
        newest.cell_key,
        newest.measure_key,
        newest.aggregation,
        case
            when newest.aggregation = 'perplexity' then try_cast((items.item ->> '$') as double)
            when newest.aggregation in ('weighted_perplexity', 'bits_per_byte')
                then try_cast((items.item ->> '$[0]') as double)
        end as logprob,
        case
            when newest.aggregation in ('weighted_perplexity', 'bits_per_byte')
                then try_cast((items.item ->> '$[1]') as double)
        end as weight,
        case
            when newest.aggregation = 'brier_score'
                then try_cast((items.item -> '$[1]') as double[])
        end as probabilities,
        case
            when newest.aggregation = 'brier_score'
                then try_cast((items.item ->> '$[0]') as bigint)
        end as class
    from facts.items as items
    inner join newest using (cell_key, measure_key)
),

of_items as (
    select
        item_parts.run_id,
        item_parts.cell_key,
        item_parts.measure_key,
        case any_value(item_parts.aggregation)
            when 'perplexity' then exp(-favg(item_parts.logprob))
            when 'weighted_perplexity'
                then exp(-(fsum(item_parts.logprob) / fsum(item_parts.weight)))
            when 'bits_per_byte'
                then -(fsum(item_parts.logprob) / fsum(item_parts.weight)) / ln(2)
            when 'brier_score'
                then favg(
                    list_sum([share * share for share in item_parts.probabilities])
                    - 2 * item_parts.probabilities[item_parts.class + 1]
                    + 1
                )
        end as value
    from item_parts
    group by item_parts.run_id, item_parts.cell_key, item_parts.measure_key
),

-- The upper one of two middle scores, as lm-eval takes it.
medians as (
    select
        newest.run_id,
        scores.cell_key,
        scores.measure_key,
        count(scores.score) as docs,
        list_sort(list(scores.score))[count(scores.score) // 2 + 1] as value
    from facts.scores as scores
    inner join newest using (cell_key, measure_key)
    where newest.aggregation = 'median' and scores.score is not null
    group by newest.run_id, scores.cell_key, scores.measure_key
)

select
    newest.run_id,
    newest.cell_key,
    newest.measure_key,
    case
        when newest.made.value is not null then newest.made.docs
        when newest.aggregation in ('mean', 'nanmean') then null
        when newest.aggregation = 'median' then coalesce(medians.docs, 0)
        else newest.made.docs
    end as docs,
    case
        when newest.made.error is null
            then coalesce(newest.made.value, of_items.value, medians.value)
    end as value,
    case when newest.made.error is null then newest.made.stderr end as stderr,
    newest.made.error as error
from newest
left join of_items using (run_id, cell_key, measure_key)
left join medians using (run_id, cell_key, measure_key)

-- distributions: one row per run, model, prompt, dataset, split, field, metric and bin that holds a
-- score. Twenty bins from 0 to 1, from -1 to 1 or from the least to the greatest score, whichever
-- is the first to hold all scores of the field and metric, so that runs can be laid side by side.
--
-- run_id     VARCHAR  the run
-- model      VARCHAR  model evaluated
-- prompt_id  VARCHAR  prompt's name
-- dataset    VARCHAR  dataset's name
-- split      VARCHAR  test or train
-- field      VARCHAR  scored output
-- metric     VARCHAR  metric's name
-- bin        INTEGER  from 0 to 19
-- bin_low    DOUBLE   lower end of the bin, part of it
-- bin_high   DOUBLE   upper end of the bin, part of the last one only
-- scores     BIGINT   scores in the bin, one per response
-- threshold  DOUBLE   least passing score in force; null when there is none

with extremes as (
    select
        scores.measure_key,
        min(scores.score) as least_score,
        max(scores.score) as greatest_score
    from facts.scores as scores
    group by scores.measure_key
),

ranged as (
    select
        extremes.measure_key,
        case
            when least_score >= 0 and greatest_score <= 1 then 0.0::double
            when least_score >= -1 and greatest_score <= 1 then -1.0::double
            else least_score
        end as low,
        case
            when least_score >= -1 and greatest_score <= 1 then 1.0::double
            else greatest_score
        end as high
    from extremes
),

binned as (
    select
        measured.run_id,
        measured.cell_key,
        measured.measure_key,
        case
            when ranged.high > ranged.low
                then least(floor((scores.score - ranged.low) / (ranged.high - ranged.low) * 20), 19)
            else 0
        end::integer as bin,
        any_value(ranged.low) as low,
        any_value(ranged.high) as high,
        count(*) as scores
    from facts.scores as scores
    inner join measured_cells as measured using (cell_key, measure_key)
    inner join ranged using (measure_key)
    where scores.score is not null
    group by measured.run_id, measured.cell_key, measured.measure_key, bin
)

select
    measured.run_id,
    measured.model,
    measured.prompt_id,
    measured.dataset,
    measured.split,
    measured.field,
    measured.metric,
    binned.bin,
    (binned.low * (20 - binned.bin) + binned.high * binned.bin) / 20 as bin_low,
    (binned.low * (19 - binned.bin) + binned.high * (binned.bin + 1)) / 20 as bin_high,
    binned.scores,
    measured.threshold
from binned
inner join measured_cells as measured using (run_id, cell_key, measure_key)

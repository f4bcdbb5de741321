-- measured_pairs: one row per pair of cells of the same dataset and split, and field and metric that
-- both have in force, for views over facts. Every pair is there both ways round; a cell with itself
-- is none.
--
-- run_a             VARCHAR  first run: the baseline
-- model_a           VARCHAR  its model
-- prompt_id_a       VARCHAR  its prompt's name
-- run_b             VARCHAR  second run; the same one where two of its cells are compared
-- model_b           VARCHAR  its model
-- prompt_id_b       VARCHAR  its prompt's name
-- dataset           VARCHAR  dataset's name
-- split             VARCHAR  test or train
-- field             VARCHAR  scored output
-- metric            VARCHAR  metric's name
-- cell_a            BIGINT   key of the first cell in facts
-- measure_a         BIGINT   key of its measure in facts
-- cell_b            BIGINT   key of the second cell in facts
-- measure_b         BIGINT   key of its measure in facts
-- docs              BIGINT   docs planned, of the cell that has more
-- aggregation       VARCHAR  what makes one figure of the docs: mean, or lm-eval's name of another;
--                            null where the sides differ in it
-- higher_is_better  BOOLEAN  false where a fall is an improvement
-- threshold         DOUBLE   least passing score in force; null when there is none
-- same_scorer       BOOLEAN  false where another judge, tokenizer or version made the scores
-- paired            BOOLEAN  partners of two runs: model and prompt have the same names, or are the
--                            only ones that each run has for the dataset

with joined as (
    select
        a.run_id as run_a,
        a.model as model_a,
        a.prompt_id as prompt_id_a,
        b.run_id as run_b,
        b.model as model_b,
        b.prompt_id as prompt_id_b,
        a.dataset,
        a.split,
        a.field,
        a.metric,
        a.cell_key as cell_a,
        a.measure_key as measure_a,
        b.cell_key as cell_b,
        b.measure_key as measure_b,
        greatest(a.docs, b.docs) as docs,
        case when a.aggregation = b.aggregation then b.aggregation end as aggregation,
        b.higher_is_better,
        b.threshold
    from measured_cells as a
    inner join measured_cells as b using (dataset, split, field, metric)
    where a.cell_key <> b.cell_key
)

select
    joined.run_a,
    joined.model_a,
    joined.prompt_id_a,
    joined.run_b,
    joined.model_b,
    joined.prompt_id_b,
    joined.dataset,
    joined.split,
    joined.field,
    joined.metric,
    joined.cell_a,
    joined.measure_a,
    joined.cell_b,
    joined.measure_b,
    joined.docs,
    joined.aggregation,
    joined.higher_is_better,
    joined.threshold,
    joined.measure_a = joined.measure_b as same_scorer,
    joined.run_a <> joined.run_b
    and (
        joined.model_a = joined.model_b
        or (
            min(joined.model_a) over runs = max(joined.model_a) over runs
            and min(joined.model_b) over runs = max(joined.model_b) over runs
        )
    )
    and (
        joined.prompt_id_a = joined.prompt_id_b
        or (
            min(joined.prompt_id_a) over runs = max(joined.prompt_id_a) over runs
            and min(joined.prompt_id_b) over runs = max(joined.prompt_id_b) over runs
        )
    ) as paired
from joined
window runs as (partition by joined.run_a, joined.run_b, joined.dataset, joined.split)

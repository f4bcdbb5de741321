-- differences: one row per pair of cells of the same dataset and split, and field and metric that
-- both have and at least one doc: how run_b differs from run_a, the baseline. Two prompts or models
-- of one run are a pair too. Docs are matched by doc_id; how they changed is in comparisons.
--
-- run_a             VARCHAR  first run: the baseline; name it and run_b, or all pairs are worked out
-- model_a           VARCHAR  its model
-- prompt_id_a       VARCHAR  its prompt's name
-- run_b             VARCHAR  second run; the same one where two of its cells are compared
-- model_b           VARCHAR  its model
-- prompt_id_b       VARCHAR  its prompt's name
-- dataset           VARCHAR  dataset's name
-- split             VARCHAR  test or train
-- field             VARCHAR  scored output
-- metric            VARCHAR  metric's name
-- docs              BIGINT   docs compared: both sides have a score, of the same content
-- aggregation       VARCHAR  what makes the figures that differ: mean, or lm-eval's name of another;
--                            null where the sides differ in it: then there is no difference
-- value_a           DOUBLE   the figure of the first run: the mean score of the docs compared, repeats
--                            as one; what is no mean is of all docs of the run, as in aggregates;
--                            null for no docs, or when the aggregation failed
-- value_b           DOUBLE   the same of the second run
-- mean_a            DOUBLE   value_a where it is a mean, else null: the mean of docs' own BLEU, say,
--                            is no BLEU
-- mean_b            DOUBLE   the same of the second run
-- difference        DOUBLE   value_b - value_a; above 0 is a rise, which is worse where lower is
--                            better; null for no docs in common
-- interval          VARCHAR  paired: of a mean's difference, by bootstrap, clustered by doc, the same
--                            for the same variable `seed`; unpaired: of other figures, from the two
--                            standard errors that lm-eval gives, wider than pairing the docs would
--                            make it; null where neither can be made
-- ci_low            DOUBLE   lower end of the difference's 95 % interval; null without one
-- ci_high           DOUBLE   upper end of it
-- pass_rate_a       DOUBLE   share of these docs that pass in the first run, 0..1; null without a
--                            threshold or docs
-- pass_rate_b       DOUBLE   the same in the second run
-- p_value           DOUBLE   two-sided: exact McNemar (sign) test of fixed against broken docs;
--                            without a threshold from what made the interval: the bootstrap, or a
--                            z-test of unpaired figures; null for no docs, and without an interval
-- p_adjusted        DOUBLE   p_value by Holm, for all rows of the two runs that are paired; for a
--                            pair that isn't, for its own rows; null with p_value
-- fixed             BIGINT   docs that pass in more of their repeats; null without a threshold or
--                            docs
-- broken            BIGINT   docs that pass in fewer of their repeats; null with fixed
-- missing           BIGINT   docs that only one side has a score of
-- missing_a         BIGINT   of these, how many the first run lacks
-- missing_b         BIGINT   of these, how many the second run lacks
-- unscored          BIGINT   docs that neither side has a score of
-- edited            BIGINT   docs whose content is another one now; they count nowhere else
-- higher_is_better  BOOLEAN  false where a fall is an improvement
-- threshold         DOUBLE   least passing score in force; null when there is none
-- same_scorer       BOOLEAN  false where another judge, tokenizer or version made the scores
-- paired            BOOLEAN  partners of two runs: model and prompt have the same names, or are the
--                            only ones that each run has for the dataset
-- conclusion        VARCHAR  better or worse: p_adjusted is below 0.05, and more docs were fixed or
--                            broken, without a threshold the difference says which; else no
--                            difference shown; null with p_value

with figures as (
    select
        pairs.*,
        compared.docs as compared_docs,
        is_mean(pairs.aggregation) as is_mean,
        case
            when is_mean(pairs.aggregation) then compared.mean_a
            when pairs.aggregation is not null then made_a.value
        end as value_a,
        case
            when is_mean(pairs.aggregation) then compared.mean_b
            when pairs.aggregation is not null then made_b.value
        end as value_b,
        compared.docs + compared.unscored as common_docs,
        nullif(sqrt(made_a.stderr ** 2 + made_b.stderr ** 2), 0) as unpaired_stderr,
        compared.difference as mean_difference,
        compared.ci_low as paired_low,
        compared.ci_high as paired_high,
        compared.p_value as paired_p_value,
        compared.passed_docs_a,
        compared.passed_docs_b,
        compared.fixed,
        compared.broken,
        compared.missing_a,
        compared.missing_b,
        compared.unscored,
        compared.edited
    from keyed_differences as compared
    inner join measured_pairs as pairs
        using (run_a, run_b, cell_a, measure_a, cell_b)
    left join keyed_aggregates as made_a
        on
            pairs.run_a = made_a.run_id
            and pairs.cell_a = made_a.cell_key
            and pairs.measure_a = made_a.measure_key
    left join keyed_aggregates as made_b
        on
            pairs.run_b = made_b.run_id
            and pairs.cell_b = made_b.cell_key
            and pairs.measure_b = made_b.measure_key
),

differing as (
    select
        figures.*,
        case
            when is_mean then mean_difference
            when common_docs > 0 then round(value_b - value_a, 12)
        end as difference
    from figures
),

tested as (
    select
        differing.*,
        case
            when is_mean then paired_low
            else round(difference - 1.959963984540054::double * unpaired_stderr, 12)
        end as ci_low,
        case
            when is_mean then paired_high
            else round(difference + 1.959963984540054::double * unpaired_stderr, 12)
        end as ci_high,
        passed_docs_a / compared_docs as pass_rate_a,
        passed_docs_b / compared_docs as pass_rate_b,
        case
            when is_mean or fixed is not null then paired_p_value
            else two_sided_p(abs(difference) / unpaired_stderr)
        end as p_value,
        case
            when fixed is not null then fixed - broken
            when higher_is_better then difference
            else -difference
        end as improvement
    from differing
),

adjusted as (
    select
        tested.*,
        holm(p_value, list(p_value) filter (p_value is not null) over tests) as p_adjusted
    from tested
    window tests as (
        partition by
            run_a,
            run_b,
            paired,
            case when not paired then (model_a, prompt_id_a, model_b, prompt_id_b) end
    )
)

select
    adjusted.run_a,
    adjusted.model_a,
    adjusted.prompt_id_a,
    adjusted.run_b,
    adjusted.model_b,
    adjusted.prompt_id_b,
    adjusted.dataset,
    adjusted.split,
    adjusted.field,
    adjusted.metric,
    adjusted.compared_docs as docs,
    adjusted.aggregation,
    adjusted.value_a,
    adjusted.value_b,
    case when adjusted.is_mean then adjusted.value_a end as mean_a,
    case when adjusted.is_mean then adjusted.value_b end as mean_b,
    adjusted.difference,
    case
        when adjusted.ci_low is null then null
        when adjusted.is_mean then 'paired'
        else 'unpaired'
    end as interval,
    adjusted.ci_low,
    adjusted.ci_high,
    adjusted.pass_rate_a,
    adjusted.pass_rate_b,
    adjusted.p_value,
    adjusted.p_adjusted,
    adjusted.fixed,
    adjusted.broken,
    adjusted.missing_a + adjusted.missing_b as missing,
    adjusted.missing_a,
    adjusted.missing_b,
    adjusted.unscored,
    adjusted.edited,
    adjusted.higher_is_better,
    adjusted.threshold,
    adjusted.same_scorer,
    adjusted.paired,
    case
        when adjusted.p_adjusted < 0.05 and adjusted.improvement > 0 then 'better'
        when adjusted.p_adjusted < 0.05 and adjusted.improvement < 0 then 'worse'
        when adjusted.p_adjusted is not null then 'no difference shown'
    end as conclusion
from adjusted

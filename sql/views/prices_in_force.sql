-- prices_in_force: one row per model: the newest price, or the newest as of the variable `as_of`.
--
-- model                     VARCHAR    model as asked
-- prompt_usd_per_mtok       DOUBLE     US dollars per million prompt tokens
-- completion_usd_per_mtok   DOUBLE     US dollars per million completion tokens
-- set_at                    TIMESTAMP  UTC
-- set_by                    VARCHAR    who or what set it
-- reason                    VARCHAR    why; null when not said

with dated as (
    select
        prices.*,
        row_number() over (partition by model order by set_at desc, rowid desc) as age
    from facts.prices as prices
    where set_at <= coalesce(getvariable('as_of')::timestamp, 'infinity'::timestamp)
)

select
    dated.model,
    dated.prompt_usd_per_mtok,
    dated.completion_usd_per_mtok,
    dated.set_at,
    dated.set_by,
    dated.reason
from dated
where dated.age = 1

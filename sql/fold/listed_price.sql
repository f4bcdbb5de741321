-- A price as a price list has it: a dated row where the list says something new, but never over
-- a price that somebody has set.

insert into facts.prices
select distinct on (model) records.* from (
    select unnest(listed_price) from batch where listed_price is not null
) as records
where not exists (
    select 1 from (
        select arg_max(
            {
                'is_set': known.set_by not like 'litellm %',
                'prompt_usd': known.prompt_usd_per_mtok,
                'completion_usd': known.completion_usd_per_mtok
            },
            known.set_at
        ) as newest
        from facts.prices as known
        where known.model = records.model
    )
    where newest.is_set
        or (
            newest.prompt_usd = records.prompt_usd_per_mtok
            and newest.completion_usd = records.completion_usd_per_mtok
        )
);

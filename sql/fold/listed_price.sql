-- A price as a price list has it: a dated row only where the list says something new.

insert into facts.prices
select distinct on (model) records.* from (
    select unnest(listed_price) from batch where listed_price is not null
) as records
where not exists (
    select 1 from (
        select
            arg_max(known.prompt_usd_per_mtok, known.set_at) as prompt_usd,
            arg_max(known.completion_usd_per_mtok, known.set_at) as completion_usd,
            count(*) as times
        from facts.prices as known
        where known.model = records.model and known.set_by = records.set_by
    ) as newest
    where newest.times > 0
        and newest.prompt_usd is not distinct from records.prompt_usd_per_mtok
        and newest.completion_usd is not distinct from records.completion_usd_per_mtok
);

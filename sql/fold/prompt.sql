insert into facts.prompts
select distinct on (prompt_key) records.* from (
    select unnest("prompt") from batch where "prompt" is not null
) as records
where prompt_key not in (select prompt_key from facts.prompts);

insert into facts.docs
select distinct on (doc_key) records.* from (
    select unnest("doc") from batch where "doc" is not null
) as records
where doc_key not in (select doc_key from facts.docs);

-- A scored case: its fields, its scores. A case scored before, as the record then says, replaces
-- what the same fields and measures had.

create temp table scored as
select unnest("case") from batch where "case" is not null;

delete from facts.fields as fields
using scored
where scored.replaces
    and fields.cell_key = scored.cell_key
    and fields.doc_key = scored.doc_key
    and fields.repeat = scored.repeat;

delete from facts.scores as scores
using scored
where scored.replaces
    and scores.cell_key = scored.cell_key
    and scores.doc_key = scored.doc_key
    and scores.repeat = scored.repeat
    and list_contains([made.measure_key for made in scored.scores], scores.measure_key);

insert into facts.fields
select cell_key, doc_key, repeat, unnest(fields, recursive := true) from scored;

insert into facts.scores
select cell_key, doc_key, repeat, unnest(scores, recursive := true) from scored;

drop table scored;

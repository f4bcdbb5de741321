insert into facts.cells
select distinct on (cell_key) records.* from (
    select unnest("cell") from batch where "cell" is not null
) as records
where cell_key not in (select cell_key from facts.cells);

insert into facts.aggregations
select unnest("aggregation") from batch where "aggregation" is not null;

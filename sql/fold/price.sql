insert into facts.prices
select unnest("price") from batch where "price" is not null;

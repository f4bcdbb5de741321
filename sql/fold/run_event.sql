insert into facts.run_events
select unnest("run_event") from batch where "run_event" is not null;

-- The cases of a run that were asked about, how often, and whether they were answered.

select
    generations.cell_key,
    generations.doc_key,
    generations.repeat,
    max(generations.attempt) as attempts,
    bool_or(generations.response is not null) as answered
from facts.generations as generations
inner join keyed_cells as cells using (cell_key)
where cells.run_id = $run_id and generations.role = 'model' and generations.stage = 'main'
group by generations.cell_key, generations.doc_key, generations.repeat

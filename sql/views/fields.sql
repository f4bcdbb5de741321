-- fields: one row per run, model, prompt, dataset, split, doc, repeat and field.
--
-- run_id     VARCHAR  the run
-- model      VARCHAR  model evaluated
-- prompt_id  VARCHAR  prompt's name
-- dataset    VARCHAR  dataset's name
-- split      VARCHAR  test or train
-- doc_id     VARCHAR  the case
-- repeat     INTEGER  from 0
-- field      VARCHAR  scored output: response for plain text, else a key of the JSON response
-- value      JSON     what the response has there; null beside an error
-- target     JSON     what was expected; null where the doc has none
-- error      VARCHAR  why there is no value; null otherwise

select
    cells.run_id,
    cells.model,
    cells.prompt_id,
    cells.dataset,
    cells.split,
    docs.doc_id,
    fields.repeat,
    fields.field,
    fields.value,
    fields.target,
    fields.error
from facts.fields as fields
inner join keyed_cells as cells using (cell_key)
inner join facts.docs as docs using (doc_key)

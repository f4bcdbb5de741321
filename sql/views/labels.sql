-- labels: one row per verdict a person gave to a response; the newest wins.
--
-- run_id     VARCHAR    the run
-- model      VARCHAR    model evaluated
-- prompt_id  VARCHAR    prompt's name
-- dataset    VARCHAR    dataset's name
-- split      VARCHAR    test or train
-- doc_id     VARCHAR    the case
-- repeat     INTEGER    from 0
-- field      VARCHAR    scored output; null labels the whole case
-- passed     BOOLEAN    the verdict; null takes the label back
-- set_at     TIMESTAMP  UTC
-- set_by     VARCHAR    who set it
-- reason     VARCHAR    why; null when not said

select
    cells.run_id,
    cells.model,
    cells.prompt_id,
    cells.dataset,
    cells.split,
    docs.doc_id,
    labels.repeat,
    labels.field,
    labels.passed,
    labels.set_at,
    labels.set_by,
    labels.reason
from facts.labels as labels
inner join keyed_cells as cells using (cell_key)
inner join facts.docs as docs using (doc_key)

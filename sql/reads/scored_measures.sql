-- The fields and metrics of a run's cells that have a scoring already. Missing scores for lack of
-- a judge are none.

select measures.cell_key, measures.field, measures.metric
from measures_in_force as measures
inner join keyed_cells as cells using (cell_key)
where cells.run_id = $run_id
    and json_type(measures.scorer, '$.judge') is distinct from 'NULL'

-- The fields and metrics of a run's cells that have a scoring already.

select measures.cell_key, measures.field, measures.metric
from measures_in_force as measures
inner join keyed_cells as cells using (cell_key)
where cells.run_id = $run_id

-- What judges were asked about the cases of a page, so that nothing is asked for twice.

select doc_key, repeat, stage, attempt, request_hash, response
from facts.generations
where cell_key = $cell_key
    and role = 'judge'
    and doc_key between $first_doc_key and $last_doc_key

-- doc_versions: one row per dataset, split, doc_id and doc_hash: every content a doc has had.
--
-- dataset   VARCHAR    dataset's name
-- split     VARCHAR    test or train
-- doc_id    VARCHAR    the dataset's own id, else the content hash
-- doc_hash  VARCHAR    content hash of the data row
-- doc       JSON       the data row
-- target    JSON       expected output: a string, or an object by field; null where there is none
-- seen_at   TIMESTAMP  UTC, when a run first used this content

select
    docs.dataset,
    docs.split,
    docs.doc_id,
    docs.doc_hash,
    docs.doc,
    docs.target,
    docs.seen_at
from facts.docs as docs

-- docs: one row per dataset, split and doc_id, with its newest content.
--
-- dataset   VARCHAR  dataset's name
-- split     VARCHAR  test or train
-- doc_id    VARCHAR  the dataset's own id, else the content hash
-- doc       JSON     the data row
-- target    JSON     expected output: a string, or an object by field; null where there is none
-- doc_hash  VARCHAR  content hash of the data row

with versions as (
    select
        doc_versions.*,
        row_number() over (
            partition by dataset, split, doc_id order by seen_at desc, doc_hash
        ) as age
    from doc_versions
)

select
    versions.dataset,
    versions.split,
    versions.doc_id,
    versions.doc,
    versions.target,
    versions.doc_hash
from versions
where versions.age = 1

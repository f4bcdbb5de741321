-- The physical layout: append-only facts with 63-bit keys, small dimensions beside them.
-- Readers use the views of sql/views/; nothing but the fold writes here.

create schema facts;

create table facts.runs (
    run_key bigint,
    run_id varchar,
    started_at timestamp,
    config json,
    tags json,
    evalwh_version varchar
);

create table facts.run_events (
    run_key bigint,
    status varchar,
    happened_at timestamp,
    message varchar
);

-- One part of a run's matrix; `docs` and `repeats` are what was planned.
create table facts.cells (
    cell_key bigint,
    run_key bigint,
    model varchar,
    prompt_id varchar,
    prompt_hash varchar,
    dataset varchar,
    split varchar,
    docs bigint,
    repeats integer
);

create table facts.docs (
    doc_key bigint,
    dataset varchar,
    split varchar,
    doc_id varchar,
    doc_hash varchar,
    doc json,
    target json,
    seen_at timestamp
);

create table facts.prompts (
    prompt_key bigint,
    prompt_id varchar,
    prompt_hash varchar,
    template varchar,
    seen_at timestamp
);

create table facts.generations (
    cell_key bigint,
    doc_key bigint,
    repeat integer,
    stage varchar,
    role varchar,
    attempt integer,
    asked_model varchar,
    request_hash varchar,
    request json,
    response varchar,
    error varchar,
    finish_reason varchar,
    prompt_tokens bigint,
    completion_tokens bigint,
    latency_ms double,
    billed_usd double,
    cached boolean,
    created_at timestamp
);

-- `attempt` is the generation's that the field was read from.
create table facts.fields (
    cell_key bigint,
    doc_key bigint,
    repeat integer,
    attempt integer,
    field varchar,
    value json,
    target json,
    error varchar
);

-- A field's metric as one scorer made it: another judge or tokenizer is another measure.
create table facts.measures (
    measure_key bigint,
    field varchar,
    metric varchar,
    scorer json,
    higher_is_better boolean
);

-- The newest scoring of a cell's field and metric is the one in force.
create table facts.scorings (
    cell_key bigint,
    measure_key bigint,
    scored_at timestamp
);

create table facts.scores (
    cell_key bigint,
    doc_key bigint,
    repeat integer,
    measure_key bigint,
    score double,
    error varchar
);

create table facts.thresholds (
    dataset varchar,
    field varchar,
    metric varchar,
    threshold double,
    set_at timestamp,
    set_by varchar,
    reason varchar
);

create table facts.prices (
    model varchar,
    prompt_usd_per_mtok double,
    completion_usd_per_mtok double,
    set_at timestamp,
    set_by varchar,
    reason varchar
);

create table facts.labels (
    cell_key bigint,
    doc_key bigint,
    repeat integer,
    field varchar,
    passed boolean,
    set_at timestamp,
    set_by varchar,
    reason varchar
);

create table facts.aggregations (
    dataset varchar,
    field varchar,
    rule varchar,
    set_at timestamp,
    set_by varchar,
    reason varchar
);

-- How far each journal is folded; written in the transaction that inserts its rows.
create table facts.journals (
    journal varchar,
    folded_bytes bigint,
    folded_at timestamp
);

-- Journal lines that can't be read are set aside here, never dropped.
create table facts.rejected_lines (
    journal varchar,
    byte_offset bigint,
    line blob,
    reason varchar,
    rejected_at timestamp
);

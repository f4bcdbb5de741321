-- prompts: one row per prompt_id and prompt_hash.
--
-- prompt_id    VARCHAR    prompt's name
-- prompt_hash  VARCHAR    content hash of the template
-- template     VARCHAR    Jinja2 source
-- seen_at      TIMESTAMP  UTC, when a run first used it

select
    prompts.prompt_id,
    prompts.prompt_hash,
    prompts.template,
    prompts.seen_at
from facts.prompts as prompts

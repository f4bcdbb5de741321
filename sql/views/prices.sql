-- prices: one row per price ever set; the newest wins.
--
-- model                     VARCHAR    model as asked
-- prompt_usd_per_mtok       DOUBLE     US dollars per million prompt tokens
-- completion_usd_per_mtok   DOUBLE     US dollars per million completion tokens
-- set_at                    TIMESTAMP  UTC
-- set_by                    VARCHAR    who or what set it
-- reason                    VARCHAR    why; null when not said

select
    prices.model,
    prices.prompt_usd_per_mtok,
    prices.completion_usd_per_mtok,
    prices.set_at,
    prices.set_by,
    prices.reason
from facts.prices as prices

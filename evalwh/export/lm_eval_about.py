"""What a results file says of its run as a whole, in lm-eval's words: who was asked, and how.

What is unknown or has no meaning for a run is null.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from evalwh.models.harness_names import CHAT_CLIENTS, ENGINES

Row = Mapping[str, Any]
_DEFAULT_SEEDS = (0, 1234, 1234, 1234)
"""Python's, NumPy's, Torch's and that of examples: what lm-eval's tasks draw by if none is said."""
_BOOTSTRAP_ITERS = 100_000
"""How often the scores of lm-eval's tasks are drawn again for a standard error."""
_OWN_OPTIONS = ("batch_size", "device")
"""What lm-eval takes as options of their own, and evalwh among the model's arguments too."""


def about(run: Row, cells: Iterable[Row], origins: Mapping[str, Row]) -> dict[str, Any]:
    """Of a row of `runs` and its `cells`; `origins` are those of lm-eval's tasks, by dataset."""
    config = orjson.loads(run["config"])
    origin = next(iter(origins.values()), {})
    started, finished = _unix_time(run["started_at"]), _unix_time(run["finished_at"])
    model = ",".join(dict.fromkeys(cell["model"] for cell in cells)) or None
    instruction = config.get("system_instruction")
    return {
        "config": _asked(config, model, is_harness=bool(origins)),
        "git_hash": None,
        "date": started,
        "lm_eval_version": origin.get("lm_eval"),
        "transformers_version": origin.get("transformers"),
        "model_source": config.get("model"),
        "model_name": model,
        "model_name_sanitized": model and sanitized(model),
        "system_instruction": instruction,
        "system_instruction_sha": instruction and hashlib.sha256(instruction.encode()).hexdigest(),
        "fewshot_as_multiturn": _as_multiturn(config),
        "chat_template": None,
        "chat_template_sha": None,
        "start_time": started,
        "end_time": finished,
        "total_evaluation_time_seconds": (
            str(finished - started) if started is not None and finished is not None else None
        ),
    }


def sanitized(model: str) -> str:
    """A model's name as lm-eval names folders and files."""
    return re.sub(r'["<>:/|\\?*\[\]]+', "__", model)


def given_gen_kwargs(config: Row) -> dict[str, Any] | None:
    """A run's sampling parameters by the names they were given under; older runs have OpenAI's."""
    return config.get("given_gen_kwargs") or config.get("gen_kwargs")


def _asked(config: Row, model: str | None, *, is_harness: bool) -> dict[str, Any]:
    given = config.get("model_args") or {}
    own = {name: config.get(name) or given.get(name) for name in _OWN_OPTIONS}
    seeds = _seeds(config, is_harness=is_harness)
    return {
        "model": config.get("model"),
        "model_args": _model_args(config, given, model),
        "batch_size": _batch_size(config, own["batch_size"]),
        "batch_sizes": [],
        "device": own["device"],
        "use_cache": None,
        "limit": config.get("limit"),
        **({"samples": samples} if (samples := config.get("samples")) else {}),
        "bootstrap_iters": _BOOTSTRAP_ITERS if is_harness else None,
        "gen_kwargs": given_gen_kwargs(config),
        **dict(
            zip(("random_seed", "numpy_seed", "torch_seed", "fewshot_seed"), seeds, strict=True)
        ),
    }


def _model_args(config: Row, given: Row, model: str | None) -> dict[str, Any]:
    """The arguments as given; a name that is an option of its own is one of lm-eval's."""
    named = {} if config.get("model_names") == [None] else {"model": model}
    return {**named, **{name: given[name] for name in given if name not in _OWN_OPTIONS}}


def _batch_size(config: Row, given: int | str | None) -> int | str | None:
    """The word of the option, as lm-eval keeps it; 1 where its models are told nothing."""
    if given is not None:
        return str(given)
    return 1 if config.get("model") in ENGINES.keys() | CHAT_CLIENTS else None


def _seeds(config: Row, *, is_harness: bool) -> Sequence[int | None]:
    """lm-eval's four; one that is given is for all."""
    if seeds := config.get("seeds"):
        return list(seeds)
    seed = config.get("seed")
    return _DEFAULT_SEEDS if seed is None and is_harness else [seed] * len(_DEFAULT_SEEDS)


def _as_multiturn(config: Row) -> bool | None:
    """Whether examples were turns; unsaid without a chat template, as with lm-eval."""
    as_multiturn = bool(config.get("fewshot_as_multiturn"))
    return as_multiturn if as_multiturn or config.get("apply_chat_template") else None


def _unix_time(at: datetime | None) -> float | None:
    return None if at is None else at.replace(tzinfo=UTC).timestamp()

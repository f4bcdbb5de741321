"""`--model_args`: reads `k=v,k2=v2`, and keeps sampling parameters out of it."""

from collections.abc import Collection, Mapping

import orjson

from evalwh.errors import UsageError, did_you_mean
from evalwh.records import Json, Request
from evalwh.secrets import is_secret_name

_WORDS: Mapping[str, Json] = {"True": True, "False": False, "None": None}
_SAMPLING = frozenset(
    {"temperature", "top_p", "top_k", "min_p", "stop", "seed", "n", "logit_bias"}
    | {"max_tokens", "max_completion_tokens", "max_gen_toks", "response_format"}
    | {"presence_penalty", "frequency_penalty", "repetition_penalty"}
    | {"reasoning_effort", "tools", "tool_choice"}
)
_LM_EVAL_CLIENT = frozenset(
    {"tokenizer", "tokenizer_backend", "tokenized_requests", "max_length", "truncate"}
    | {"num_concurrent", "max_retries", "batch_size", "eos_string"}
)
"""Words of lm-eval's API clients that have no bearing on a chat request."""


def parse_model_args(text: str, *, option: str = "--model_args") -> dict[str, Json]:
    """`a=1,b=x=y,c={"d": [2, 3]}` as a dict; values are JSON where they parse as it, else text.

    Secrets stay text. Raises UsageError for a part without `=`.
    """
    parsed: dict[str, Json] = {}
    for part in _split(text):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{option}: '{name.strip()}' is no key=value pair")
        name = name.strip()
        parsed[name] = value.strip() if is_secret_name(name) else _value(value.strip())
    return parsed


def check_names(kind: str, model_args: Mapping[str, Json], known: Collection[str]) -> None:
    """Refuse what the model of `kind` doesn't take; sampling is part of a request's identity."""
    for name in model_args:
        refuse_sampling(name)
        if name not in known and name not in _LM_EVAL_CLIENT:
            raise UsageError(
                f"--model_args: {kind} has no argument '{name}'{did_you_mean(name, known)}"
            )


def refuse_sampling(name: str) -> None:
    """Send a sampling parameter to `--gen_kwargs`, which is hashed and stored with the request."""
    if name in _SAMPLING:
        raise UsageError(f"--model_args: '{name}' is a sampling parameter, give it in --gen_kwargs")


def for_library(model_args: Mapping[str, Json]) -> dict[str, Json]:
    """`model_args` for a client library that takes more than we know of; no sampling in it."""
    for name in model_args:
        refuse_sampling(name)
    return {name: value for name, value in model_args.items() if name not in _LM_EVAL_CLIENT}


def text_arg(model_args: Mapping[str, Json], *names: str) -> str | None:
    """The first of `names` that is given, as text."""
    for name in names:
        if model_args.get(name) is not None:
            return str(model_args[name])
    return None


def sampling_params(request: Request) -> dict[str, Json]:
    """The request's parameters as sent: a seed is moved on by `repeat`, so that repeats differ."""
    params = dict(request.params)
    seed = params.get("seed")
    if request.repeat and isinstance(seed, int):
        params["seed"] = seed + request.repeat
    return params


def _split(text: str) -> list[str]:
    """`text` cut at the commas that are in no bracket and no double quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, char in enumerate(text):
        if char == '"' and text[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (char in "[{") - (char in "]}")
        if char == "," and depth <= 0 and not quoted:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def _value(text: str) -> Json:
    if text in _WORDS:
        return _WORDS[text]
    try:
        value: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value

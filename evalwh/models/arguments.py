"""`--model_args` and `--gen_kwargs`: reads `k=v,k2=v2`, and keeps each out of the other."""

import ast
import difflib
import math
import warnings
from collections.abc import Collection, Mapping
from urllib.parse import SplitResult, urlsplit

import orjson

from evalwh.errors import UsageError, did_you_mean
from evalwh.records import Json, Request
from evalwh.secrets import REDACTED, is_secret_name, redact_address

_WORDS: Mapping[str, Json] = {"True": True, "False": False, "None": None}
_LITERALS = ("[", "(", "{", "'")
_SAMPLING = frozenset(
    {"temperature", "top_p", "top_k", "min_p", "stop", "seed", "n", "logit_bias"}
    | {"max_tokens", "max_completion_tokens", "max_gen_toks", "response_format"}
    | {"presence_penalty", "frequency_penalty", "repetition_penalty"}
    | {"reasoning_effort", "tools", "tool_choice"}
)
_MORE_SAMPLING = frozenset(
    {"logprobs", "top_logprobs", "user", "verbosity", "store", "metadata", "service_tier"}
    | {"parallel_tool_calls", "prediction", "modalities", "web_search_options", "safety_identifier"}
    | {"prompt_cache_key", "do_sample", "min_tokens", "stop_token_ids", "ignore_eos", "best_of"}
    | {"length_penalty", "logit_processors", "skip_special_tokens", "include_stop_str_in_output"}
    | {"extra_body", "thinking", "chat_template_kwargs", "enable_thinking", "typical_p", "mirostat"}
    | {"guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs"}
    | {"grammar", "json_schema", "repeat_penalty", "top_a", "samplers", "dry_multiplier"}
)
"""More that OpenAI's API, its compatible servers and LiteLLM's providers take."""
_LM_EVAL_CLIENT = frozenset(
    {"tokenizer", "tokenizer_backend", "tokenized_requests", "max_length", "truncate"}
    | {"num_concurrent", "max_retries", "batch_size", "eos_string", "trust_remote_code"}
)
"""Words of lm-eval's API clients that have no bearing on a chat request."""
_CONNECTION = frozenset(
    {"api_base", "base_url", "api_version", "headers", "extra_headers", "timeout", "api_key_env"}
)
_OURS = frozenset({"messages", "model", "stream", "stream_options", "num_retries", "drop_params"})
"""What a request says of itself; a parameter of that name would ask other than what is stored."""
_NUMBERS: Mapping[str, type[int] | type[float]] = {
    **dict.fromkeys(("temperature", "top_p", "min_p", "repetition_penalty"), float),
    **dict.fromkeys(("presence_penalty", "frequency_penalty"), float),
    **dict.fromkeys(("max_tokens", "max_completion_tokens", "top_k", "seed", "n"), int),
}
_LARGEST_WHOLE = 2**63


def parse_model_args(text: str, *, option: str = "--model_args") -> dict[str, Json]:
    """`a=1,b=x=y,c={"d": [2, 3]}` as a dict; values are JSON where they parse as it, else text.

    Lists, tuples, dicts and quoted texts may be Python's, as lm-eval reads them, and a part may be
    a JSON object of such pairs. Secrets stay text. Raises UsageError for a part
    without `=`.
    """
    parsed: dict[str, Json] = {}
    for part in _split(text):
        if part.lstrip().startswith("{"):
            parsed |= _object(part, option)
            continue
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            # A comma in a URL's password begins a part as well.
            shown = redact_address(name.strip())
            raise UsageError(f"{option}: '{shown}' is no key=value pair")
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


def check_client_names(kind: str, model_args: Mapping[str, Json], known: Collection[str]) -> None:
    """Refuse what lm-eval's model of `kind` doesn't take; some of its words are sampling."""
    for name in model_args:
        if name not in known:
            refuse_sampling(name)
            raise UsageError(
                f"--model_args: {kind} has no argument '{name}'{did_you_mean(name, known)}"
            )


def check_params(params: Mapping[str, Json], *, where: str) -> None:
    """Refuse sampling parameters that would change whom or what a request asks, and no numbers.

    `where` begins the message of the UsageError.
    """
    for name, value in params.items():
        if name in _OURS:
            raise UsageError(f"{where}: '{name}' is no sampling parameter; leave it out")
        if name in _CONNECTION or is_secret_name(name):
            raise UsageError(f"{where}: '{name}' is no sampling parameter; give it in --model_args")
        if name == "extra_body" and isinstance(value, Mapping):
            _refuse_secrets(value, f"{where}: '{name}'")
        if name in _NUMBERS and value is not None:
            _check_number(name, value, where)
    if params.get("n", 1) != 1:
        raise UsageError(f"{where}: 'n' must be 1; for several responses a doc give --repeats")


def _refuse_secrets(body: Mapping[str, Json], where: str) -> None:
    """Parameters are stored with the request, so that none may be a key."""
    for name, value in body.items():
        if isinstance(value, Mapping):
            _refuse_secrets(value, where)
        elif is_secret_name(name) and isinstance(value, str):
            raise UsageError(f"{where}: '{name}' would be stored; give it in --model_args")


def unheard_params(params: Mapping[str, Json]) -> list[str]:
    """A line for each sampling parameter that no model we know of takes, with the nearest name."""
    known = _SAMPLING | _MORE_SAMPLING
    return [
        f"'{name}' is no sampling parameter that is known here and is sent as it is{_near(name)}"
        for name in params
        if name not in known
    ]


def _near(name: str) -> str:
    near = difflib.get_close_matches(name, sorted(_SAMPLING | _MORE_SAMPLING), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


def refuse_sampling(name: str) -> None:
    """Send a sampling parameter to `--gen_kwargs`, which is hashed and stored with the request."""
    if name in _SAMPLING:
        raise UsageError(f"--model_args: '{name}' is a sampling parameter, give it in --gen_kwargs")


def refuse_redacted(model_args: Mapping[str, Json]) -> None:
    """Refuse what a stored run shows in place of a secret; it must not be sent as one."""
    for name, value in model_args.items():
        if REDACTED in (value.values() if isinstance(value, dict) else (value,)):
            raise UsageError(
                f"--model_args: the values of '{name}' are not stored with a run; "
                "give its --model_args again"
            )


def for_library(model_args: Mapping[str, Json]) -> dict[str, Json]:
    """`model_args` for a client library that takes more than we know of; no sampling in it."""
    for name in model_args:
        refuse_sampling(name)
        if name in _OURS - {"model"}:
            raise UsageError(f"--model_args: '{name}' is set by evalwh; leave it out")
    return {name: value for name, value in model_args.items() if name not in _LM_EVAL_CLIENT}


def text_arg(model_args: Mapping[str, Json], *names: str) -> str | None:
    """The first of `names` that is given, as text."""
    for name in names:
        if model_args.get(name) is not None:
            return str(model_args[name])
    return None


def seconds_arg(model_args: Mapping[str, Json], name: str, default_s: float) -> float:
    """The argument `name` as seconds; raises UsageError for what is no positive number."""
    value = model_args.get(name, default_s)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise UsageError(f"--model_args: '{name}' must be a number of seconds, not {value!r}")
    return float(value)


def whole_arg(model_args: Mapping[str, Json], name: str, default: int) -> int:
    """The argument `name` as a whole number above 0; raises UsageError for what is none."""
    value = model_args.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"--model_args: '{name}' must be a whole number above 0, not {value!r}")
    return value


def address_name(model_args: Mapping[str, Json]) -> str:
    """What the user calls the server's address: `base_url`, or `api_base`."""
    only_ours = model_args.get("base_url") is None and model_args.get("api_base") is not None
    return "api_base" if only_ours else "base_url"


def address_arg(url: str) -> str:
    """`url` if it is an http address; raises UsageError, with no user and password in it."""
    shown = redact_address(url)
    try:
        parts = urlsplit(url)
        _refuse_late_user(parts, shown)
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        wrong = True
    if wrong:
        raise UsageError(f"base_url '{shown}' is no http:// or https:// address")
    return url


def _refuse_late_user(parts: SplitResult, shown: str) -> None:
    """Refuse an `@` behind the host: what is taken for the host may be half a password."""
    late = "@" in f"{parts.path}{parts.query}{parts.fragment}"
    if late and (":" in parts.netloc or "@" in parts.netloc):
        raise UsageError(
            f"base_url '{shown}' has an '@' behind its host; "
            "write / as %2F and @ as %40 in a password, and @ as %40 in a path"
        )


def sampling_params(request: Request) -> dict[str, Json]:
    """The request's parameters as sent: a seed is moved on by `repeat`, so that repeats differ."""
    params = dict(request.params)
    seed = params.get("seed")
    if request.repeat and isinstance(seed, int):
        params["seed"] = seed + request.repeat
    return params


def _check_number(name: str, value: Json, where: str) -> None:
    kind = _NUMBERS[name]
    fits = isinstance(value, int | kind) and not isinstance(value, bool)
    if not fits or not abs(value) < _LARGEST_WHOLE:  # type: ignore[arg-type]
        what = "a number" if kind is float else "a whole number"
        raise UsageError(f"{where}: '{name}' must be {what}, not {value!r}")


def _split(text: str) -> list[str]:
    """`text` cut at the commas that are in no bracket and no double quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, char in enumerate(text):
        if char == '"' and text[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (char in "[{(") - (char in "]})")
        if char == "," and depth <= 0 and not quoted:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def _object(text: str, option: str) -> dict[str, Json]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UsageError(
            f"{option}: not a JSON object: {error.msg}, column {error.colno}; "
            'write it as \'{"key": "value"}\''
        ) from None
    return {
        name: str(each) if is_secret_name(name) and each is not None else each
        for name, each in value.items()
    }


def _value(text: str) -> Json:
    if text in _WORDS:
        return _WORDS[text]
    try:
        value: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _literal(text) if text.startswith(_LITERALS) else text
    return value


def _literal(text: str) -> Json:
    """Python's literal as JSON; the text where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a backslash that means nothing
            return _json(ast.literal_eval(text))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return text


def _json(value: object) -> Json:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple():
            return [_json(each) for each in value]
        case dict():
            return {str(name): _json(each) for name, each in value.items()}
    raise TypeError(f"{type(value).__name__} is not JSON")

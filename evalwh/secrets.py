"""Keeps secrets out of rows, logs and messages; the only place that decides what a secret is.

A secret is a value under a secret's name (`api_key`, `Authorization`), the user part of a URL,
a key in a URL's query, or the value of an environment variable whose name says so.
"""

import os
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from evalwh.records import Json

REDACTED = "[redacted]"

_SECRET_WORDS = frozenset(
    {"key", "keys", "apikey", "token", "secret", "password", "passwd", "authorization"}
    | {"credential", "credentials"}
)
_TOKENS_OF_TEXT = frozenset(
    {"bos", "eos", "pad", "unk", "prefix", "stop", "add", "think", "end", "max"}
)
_SECRET_ENV = re.compile(r"(?:_|^)(?:API_?KEYS?|KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_URL_USER = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_URL_KEY = re.compile(
    r"(?<=[?&])((?:api[-_]?)?key|[\w-]*token|sig|signature|secret|password)=[^&\s'\"<>]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=*-]{8,}", re.IGNORECASE)
_KNOWN_FORM = re.compile(r"\b(?:sk|pk|gsk|hf|xai|AIza|ghp|nvapi)[-_]?[A-Za-z0-9_*-]{16,}")
_LEAST_SECRET = 4
_LEAST_ENV_SECRET = 8


class SplitArgs(NamedTuple):
    """Model arguments in two: `public` may be stored and shown, `secret` may not."""

    public: dict[str, Json]
    secret: dict[str, Json]


def is_secret_name(name: str) -> bool:
    """Whether a value so named is secret: under `api_key` it is, under `eos_token` it isn't."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    if words[-1] == "env" or ("token" in words and _TOKENS_OF_TEXT.intersection(words)):
        return False
    return not _SECRET_WORDS.isdisjoint(words)


def split_secrets(model_args: Mapping[str, Json]) -> SplitArgs:
    """`model_args` without secrets, and the secret ones; a URL is in both if it holds a secret."""
    public: dict[str, Json] = {}
    secret: dict[str, Json] = {}
    for name, value in model_args.items():
        shown = _public_value(name, value)
        if shown is not None or value is None:
            public[name] = shown
        if shown != value:
            secret[name] = value
    return SplitArgs(public, secret)


def public_url(url: str) -> str:
    """`url` without user, password and keys in its query."""
    bare = re.sub(r"(?<=://)[^/\s@]+@", "", url)
    return re.sub(r"[?&]$", "", _URL_KEY.sub("", bare).replace("?&", "?"))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with every secret in it replaced by `[redacted]`.

    `secrets` are values known to be secret; those of the environment are found here.
    """
    for value in sorted({*secrets, *_environment_secrets()}, key=len, reverse=True):
        if len(value) >= _LEAST_SECRET:
            text = text.replace(value, REDACTED)
    text = _URL_USER.sub(REDACTED, text)
    text = _URL_KEY.sub(rf"\1={REDACTED}", text)
    text = _BEARER.sub(rf"\1 {REDACTED}", text)
    return _KNOWN_FORM.sub(REDACTED, text)


def secret_values(model_args: Mapping[str, Json]) -> list[str]:
    """The strings that are secret in `model_args`, nested ones and parts of URLs included."""
    values: list[str] = []
    for name, value in model_args.items():
        if isinstance(value, Mapping):
            values += secret_values(value)
        elif is_secret_name(name):
            values.append(str(value))
        elif isinstance(value, str):
            values += [part for user in _URL_USER.findall(value) for part in user.split(":")]
            values += [found.group().split("=", 1)[1] for found in _URL_KEY.finditer(value)]
    return values


def _public_value(name: str, value: Json) -> Json:
    if isinstance(value, dict):
        return split_secrets(value).public
    if is_secret_name(name):
        return value if isinstance(value, bool) else None
    return public_url(value) if isinstance(value, str) and "://" in value else value


def _environment_secrets() -> list[str]:
    return [
        value
        for name, value in os.environ.items()
        if len(value) >= _LEAST_ENV_SECRET and _SECRET_ENV.search(name)
    ]

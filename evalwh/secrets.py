"""Keeps secrets out of rows, logs and messages; the only place that decides what a secret is.

A secret is a value under a secret's name (`api_key`, `Authorization`), any value of the headers
and the extra body of a request, the user part of a URL, a key in a URL's query, or the value of
an environment variable whose name says so.
"""

import base64
import os
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from evalwh.records import Json

REDACTED = "[redacted]"

_SECRET_WORDS = frozenset(
    {"key", "keys", "apikey", "token", "secret", "password", "passwd", "authorization"}
    | {"credential", "credentials"}
)
_LOGIN_WORDS = frozenset({"auth", "cookie", "cookies", "login", "session"})
"""More of them in headers."""
_TOKENS_OF_TEXT = frozenset(
    {"bos", "eos", "pad", "unk", "prefix", "stop", "add", "think", "end", "max"}
)
_OPAQUE_NAMES = frozenset({"header", "headers", "extra_headers", "default_headers", "extra_body"})
"""Arguments whose values may all be secret: servers name their keys as they like."""
_ADDRESS_NAMES = frozenset({"base_url", "api_base"})
_SECRET_ENV = re.compile(r"(?:_|^)(?:API_?KEYS?|KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_URL_USER = re.compile(r"(?<=://)(?:[^/?#\s@:]*:\S*|[^/\s@]+)(?=@)")
"""A password may hold a slash that should have been written `%2F`."""
_URL_KEY = re.compile(
    r"(?<=[?&])((?:api[-_]?)?key|[\w-]*token|sig|signature|secret|password)=[^&\s'\"<>]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=*-]{8,}", re.IGNORECASE)
_KNOWN_FORM = re.compile(r"\b(?:sk|pk|gsk|hf|xai|AIza|ghp|nvapi)[-_]?[A-Za-z0-9_*-]{16,}")
_SCHEME = re.compile(r"(?:Bearer|Basic|Token)\s+", re.IGNORECASE)
_LEAST_SECRET = 4
_LEAST_ENV_SECRET = 8
_LEAST_BEGINNING = 6


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


def is_opaque(name: str) -> bool:
    """Whether all values under this name may be secret: headers, and an extra body."""
    return name.lower().replace("-", "_") in _OPAQUE_NAMES


def split_secrets(model_args: Mapping[str, Json]) -> SplitArgs:
    """`model_args` without secrets, and the secret ones.

    A URL is in both if it holds a secret, and so are headers and an extra body: in public they
    keep their names, with `[redacted]` for every value.
    """
    public: dict[str, Json] = {}
    secret: dict[str, Json] = {}
    for name, value in model_args.items():
        shown = _public_value(name, value)
        if shown is not None or value is None:
            public[name] = shown
        if shown != value:
            secret[name] = value
    return SplitArgs(public, secret)


def without_secrets(value: Json) -> Json:
    """`value` without what is secret by its name or its form, however deep; for a hash of it."""
    if isinstance(value, dict):
        open_part = {
            name: without_secrets(each) for name, each in value.items() if not _is_login(name)
        }
        return {name: each for name, each in open_part.items() if each is not None}
    if isinstance(value, list):
        return [without_secrets(each) for each in value]
    return None if isinstance(value, str) and redact(value) != value else value


def public_url(url: str) -> str:
    """`url` without user, password and keys in its query."""
    bare = re.sub(rf"{_URL_USER.pattern}@", "", url) if "://" in url else url.rpartition("@")[2]
    return re.sub(r"[?&]$", "", _URL_KEY.sub("", bare).replace("?&", "?"))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with every secret in it replaced by `[redacted]`.

    `secrets` are values known to be secret; those of the environment are found here.
    """
    for value in sorted({*secrets, *_environment_secrets()}, key=len, reverse=True):
        if len(value) >= _LEAST_SECRET:
            text = _without_beginning(text.replace(value, REDACTED), value)
    text = _URL_USER.sub(REDACTED, text)
    text = _URL_KEY.sub(rf"\1={REDACTED}", text)
    text = _BEARER.sub(rf"\1 {REDACTED}", text)
    return _KNOWN_FORM.sub(REDACTED, text)


def _without_beginning(text: str, value: str) -> str:
    """`text` without the beginning of `value` before a `…`, where a message was cut."""
    for length in range(len(value) - 1, _LEAST_BEGINNING - 1, -1) if "…" in text else ():
        text = text.replace(f"{value[:length]}…", f"{REDACTED}…")
    return text


def redact_address(address: str) -> str:
    """`address` with nothing of what is before its last `@`, however it is misspelt."""
    user, at, host = address.rpartition("@")
    scheme = re.match(r"\w+://", user)
    return redact(f"{scheme.group() if scheme else ''}{REDACTED}@{host}" if at else address)


def secret_values(model_args: Mapping[str, Json]) -> list[str]:
    """The strings that are secret in `model_args`, nested ones and parts of URLs included."""
    values: list[str] = []
    for name, value in model_args.items():
        if is_opaque(name):
            values += _leaves(value)
        elif isinstance(value, Mapping):
            values += secret_values(value)
        elif isinstance(value, list):
            values += [found for each in value for found in secret_values({name: each})]
        elif is_secret_name(name):
            values.append(str(value))
        elif isinstance(value, str):
            values += [part for user in _URL_USER.findall(value) for part in _logins(user)]
            values += [found.group().split("=", 1)[1] for found in _URL_KEY.finditer(value)]
    return values


def _public_value(name: str, value: Json) -> Json:
    if is_opaque(name) and value is not None:
        return dict.fromkeys(value, REDACTED) if isinstance(value, dict) else REDACTED
    if isinstance(value, dict):
        return split_secrets(value).public
    if is_secret_name(name):
        return value if isinstance(value, bool) else None
    if isinstance(value, list):
        return [_public_value(name, each) for each in value]
    is_address = isinstance(value, str) and ("://" in value or name in _ADDRESS_NAMES)
    return public_url(str(value)) if is_address else value


def _is_login(name: str) -> bool:
    words = re.split(r"[^a-z0-9]+", name.lower())
    return is_secret_name(name) or not _LOGIN_WORDS.isdisjoint(words)


def _leaves(value: Json) -> list[str]:
    """The texts and numbers in `value`, each text without `Bearer` before it as well."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [leaf for each in inner for leaf in _leaves(each)]
    if value is None or isinstance(value, bool):
        return []
    text = str(value)
    return list(dict.fromkeys((text, _SCHEME.sub("", text, count=1))))


def _logins(user: str) -> list[str]:
    """A URL's user and password as they are written and meant, and as a header has both."""
    meant = unquote(user)
    basic = base64.b64encode(meant.encode()).decode()
    return list(dict.fromkeys((*user.split(":"), *meant.split(":", 1), basic)))


def _environment_secrets() -> list[str]:
    return [
        value
        for name, value in os.environ.items()
        if len(value) >= _LEAST_ENV_SECRET and _SECRET_ENV.search(name)
    ]

"""Turns what went wrong with an HTTP request into a RequestFailed that says what to do."""

import asyncio
import email.utils
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import orjson

from evalwh.errors import RequestFailed
from evalwh.models.chat import error_message, one_line

_RETRIED = frozenset((408, 409, 425, 429))
_NO_ENDPOINT = frozenset((404, 405))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go, as messages name it: no credentials in it.

    `address_word` is what the user calls the address in `--model_args`.
    """

    model: str
    base_url: str
    key_env: str
    has_key: bool
    address_word: str = "base_url"

    def missing_v1(self) -> str:
        """A hint for an address that lacks `/v1`, else ``."""
        if "://" not in self.base_url or "/v1" in urlsplit(self.base_url).path:
            return ""
        return f"; does the address lack /v1? try {self.base_url}/v1"


def status_failure(
    endpoint: Endpoint, status: int, headers: Mapping[str, str], data: bytes
) -> RequestFailed:
    """The failure that an HTTP status other than 200 means."""
    said = _said(data)
    where = f"{endpoint.base_url}: status {status}"
    if status in (401, 403):
        return RequestFailed(f"{where}: {_key_advice(endpoint)}{said}", fatal=True, status=status)
    if status in _NO_ENDPOINT:
        return RequestFailed(_not_found(endpoint, where, said), fatal=True, status=status)
    if 300 <= status < 400:
        target = headers.get("Location", "nowhere")
        message = f"{where}: it redirects to {target}; give that address as {endpoint.address_word}"
        return RequestFailed(message, fatal=True, status=status)
    if status == 402 or (status == 429 and "insufficient_quota" in said):
        message = f"{where}: the account has no quota left{said}"
        return RequestFailed(message, fatal=True, status=status)
    return RequestFailed(
        f"{where}{said}",
        retry=status in _RETRIED or status >= 500,
        retry_after_s=retry_after_s(headers),
        status=status,
    )


def connection_failure(endpoint: Endpoint, error: Exception, timeout_s: float) -> RequestFailed:
    """The failure that an exception of aiohttp means."""
    where = endpoint.base_url
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            message = f"{where}: TLS failed: {one_line(str(error), 200)}"
            return RequestFailed(message, fatal=True)
        case aiohttp.ClientConnectorDNSError():
            message = f"{where}: no such host; check {endpoint.address_word}"
            return RequestFailed(message, retry=True, fatal=True)
        case aiohttp.ClientProxyConnectionError():
            message = f"{where}: the proxy can't be reached: {one_line(str(error), 200)}"
            return RequestFailed(message, retry=True, fatal=True)
        case aiohttp.ClientConnectorError():
            reason = os.strerror(error.errno) if error.errno else one_line(str(error))
            message = f"{where}: can't connect ({reason}); is the server running?"
            return RequestFailed(message, retry=True, fatal=True)
        case asyncio.TimeoutError():
            return timeout_failure(where, timeout_s)
        case aiohttp.ClientPayloadError():
            return RequestFailed(f"{where}: half a response came back", retry=True)
        case _:
            reason = one_line(str(error) or type(error).__name__)
            return RequestFailed(f"{where}: the connection broke ({reason})", retry=True)


def timeout_failure(where: str, timeout_s: float) -> RequestFailed:
    """The failure of a request without an answer in time."""
    return RequestFailed(f"{where}: no answer within {timeout_s:g} s", retry=True)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long the server asks to wait, from `retry-after-ms` or `Retry-After`; never negative."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    text = headers.get("Retry-After")
    seconds = _number(text)
    if seconds is None and text:
        seconds = _seconds_until(text)
    return None if seconds is None else max(0.0, seconds)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _seconds_until(http_date: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(http_date).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None


def _key_advice(endpoint: Endpoint) -> str:
    if endpoint.has_key:
        return f"the API key was refused; check {endpoint.key_env}"
    return f"it wants an API key; set {endpoint.key_env}"


def _not_found(endpoint: Endpoint, where: str, said: str) -> str:
    if "model" not in said.lower():
        hint = endpoint.missing_v1() or f"; check {endpoint.address_word}"
        return f"{where}: there is no /chat/completions{hint}{said}"
    provider, _, bare = endpoint.model.partition("/")
    hint = f"; try '{bare}'" if bare and provider == "openai" else ""
    return f"{where}: model '{endpoint.model}' was not found{hint}{said}"


def _said(data: bytes) -> str:
    """` (server: …)` with what the server says, or `` where it says nothing."""
    try:
        text = error_message(orjson.loads(data))
    except orjson.JSONDecodeError:
        text = None
    text = text or data[:2000].decode("utf-8", "replace")
    return f" (server: {one_line(text, 200)})" if text.strip() else ""

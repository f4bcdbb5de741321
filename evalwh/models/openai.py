"""The `openai` model: chat completions over aiohttp, for OpenAI and servers that speak its API.

It adds next to nothing to the wire: one session, JSON by orjson, the proxy found once.
"""

import os
import re
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import orjson

from evalwh.errors import RequestFailed, UsageError
from evalwh.models.arguments import (
    address_arg,
    address_name,
    check_names,
    sampling_params,
    seconds_arg,
    text_arg,
)
from evalwh.models.chat import chat_reply, read_json
from evalwh.models.chat_model import ChatModel
from evalwh.models.failures import Endpoint, connection_failure, status_failure
from evalwh.models.settings import deciding
from evalwh.prices import Price, price_of
from evalwh.records import Json, Reply, Request
from evalwh.secrets import public_url, redact, secret_values

DEFAULT_URL = "https://api.openai.com/v1"
DEFAULT_KEY_ENV = "OPENAI_API_KEY"
_LARGEST_REPLY_BYTES = 64_000_000
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name. Source: RFC 9110, 5.6.2."""
_PAYERS = {"organization": "OpenAI-Organization", "project": "OpenAI-Project"}
_ARGUMENTS = (
    *("base_url", "api_base", "model", "pretrained", "timeout"),
    *("api_key", "api_key_env", "headers", "organization", "project"),
)


@dataclass(frozen=True, slots=True)
class Connection:
    """How a server is reached: `base` and `url` are as requests use them, and may hold secrets.

    `name` is the rows' `model`.
    """

    name: str
    endpoint: Endpoint
    base: str
    url: str
    headers: Mapping[str, str]
    proxy: str | None

    @property
    def host(self) -> str:
        """Host and port, as messages name them."""
        parts = urlsplit(self.endpoint.base_url)
        default = 443 if parts.scheme == "https" else 80
        return f"{parts.hostname}:{parts.port or default}"

    @property
    def has_tls(self) -> bool:
        return urlsplit(self.base).scheme == "https"

    @property
    def public_proxy(self) -> str:
        return public_url(self.proxy or "")

    @property
    def proxy_variable(self) -> str:
        """The variable of the environment that names the proxy."""
        name = f"{urlsplit(self.base).scheme}_proxy"
        return name if os.environ.get(name) else name.upper()

    def with_scheme(self, scheme: str) -> str:
        """The address with `http` or `https` instead of its own."""
        return urlunsplit(urlsplit(self.endpoint.base_url)._replace(scheme=scheme))


class OpenAIModel(ChatModel):
    """A model behind `<base_url>/chat/completions`.

    A server other than OpenAI's may need no key. Must be used within one event loop.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        api_key: str | None = None,
        key_env: str = DEFAULT_KEY_ENV,
        headers: Mapping[str, str] | None = None,
        address_word: str = "base_url",
        timeout_s: float = 600,
        secrets: tuple[str, ...] = (),
    ) -> None:
        """`base_url` may hold credentials; messages and `self.base_url` don't show them."""
        self.name = name
        self._decides = deciding({"headers": _chosen(headers or {})})
        self.base_url = public_url(_without_endpoint(base_url))
        self._url = _completions_url(base_url, keyed=api_key is not None)
        self._headers = {"Content-Type": "application/json", **(headers or {})}
        if api_key is not None:
            self._headers["Authorization"] = f"Bearer {api_key}"
        has_key = api_key is not None
        self._endpoint = Endpoint(name, self.base_url, key_env, has_key, address_word)
        self._timeout_s = timeout_s
        self._secrets = secrets
        self._proxy = _proxy_for(base_url)
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def from_args(
        cls, model_name: str | None, model_args: Mapping[str, Json], *, timeout_s: float
    ) -> Self:
        """The model that `--model_name` and `--model_args` describe."""
        check_names("openai", model_args, _ARGUMENTS)
        name = model_name or text_arg(model_args, "model", "pretrained")
        if name is None:
            raise UsageError("--model openai needs --model_name")
        key_env = text_arg(model_args, "api_key_env") or DEFAULT_KEY_ENV
        api_key = text_arg(model_args, "api_key") or os.environ.get(key_env)
        return cls(
            name,
            _base_url(model_args),
            api_key=_header_value(api_key, key_env),
            key_env=key_env,
            headers=_headers(model_args),
            address_word=address_name(model_args),
            timeout_s=seconds_arg(model_args, "timeout", timeout_s),
            secrets=(*secret_values(model_args), *([api_key] if api_key else [])),
        )

    @property
    def connection(self) -> Connection:
        """How its server is reached."""
        base = self._url.removesuffix("/chat/completions")
        return Connection(self.name, self._endpoint, base, self._url, self._headers, self._proxy)

    @property
    def settings(self) -> Mapping[str, Json]:
        """The headers, by which a server may choose what answers."""
        return self._decides

    @property
    def price(self) -> Price | None:
        """LiteLLM's price for a model of this name, whoever serves it."""
        return price_of(self.name)

    async def generate(self, request: Request) -> Reply:
        """Ask once; `latency_ms` spans request to last byte."""
        try:
            return await self._ask(request)
        except RequestFailed as failure:
            failure.args = (redact(str(failure), self._secrets),)
            raise

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask(self, request: Request) -> Reply:
        if not self._endpoint.has_key and self.base_url == DEFAULT_URL:
            raise RequestFailed(
                f"{self.base_url}: no API key; set {self._endpoint.key_env}, "
                "or name your own server by --model_args base_url=…/v1",
                fatal=True,
            )
        started = time.perf_counter()
        status, headers, data = await self._post(self._body(request))
        latency_ms = (time.perf_counter() - started) * 1000
        if not 200 <= status < 300:
            raise status_failure(self._endpoint, status, headers, data)
        return chat_reply(self._payload(data), self.base_url, latency_ms)

    async def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        if self._session is None:
            self._session = self._open_session()
        try:
            async with self._session.post(
                self._url, data=body, proxy=self._proxy, allow_redirects=False
            ) as response:
                chunks = [chunk async for chunk in read_chunks(response.content, self.base_url)]
                return response.status, response.headers, b"".join(chunks)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise connection_failure(self._endpoint, error, self._timeout_s) from error

    def _open_session(self) -> aiohttp.ClientSession:
        # How many requests are in flight is the engine's business, so the pool has no limit.
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
        )

    def _body(self, request: Request) -> bytes:
        return orjson.dumps(
            {"model": self.name, "messages": request.messages, **sampling_params(request)}
        )

    def _payload(self, data: bytes) -> object:
        try:
            payload: object = read_json(data, self.base_url)
        except RequestFailed as failure:
            hint = "" if failure.retry else self._endpoint.missing_v1()
            failure.args = (f"{failure}{hint}",)
            failure.fatal = bool(hint)
            raise
        return payload


async def read_chunks(content: aiohttp.StreamReader, where: str) -> AsyncIterator[bytes]:
    """The body in chunks as they are unpacked: a small one may unpack to any size.

    Raises RequestFailed, which begins with `where`, past 64 MB.
    """
    size = 0
    async for chunk in content.iter_any():
        size += len(chunk)
        if size > _LARGEST_REPLY_BYTES:
            raise RequestFailed(f"{where}: the reply is larger than 64 MB")
        yield chunk


def _base_url(model_args: Mapping[str, Json]) -> str:
    given = text_arg(model_args, "base_url", "api_base") or os.environ.get("OPENAI_BASE_URL")
    return address_arg(given or DEFAULT_URL)


def _without_endpoint(url: str) -> str:
    """`url` up to and without `/chat/completions`; lm-eval's users give it with that."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return urlunsplit(parts._replace(path=path))


def _completions_url(base_url: str, *, keyed: bool) -> str:
    parts = urlsplit(_without_endpoint(base_url))
    # aiohttp refuses a request with both a user in its URL and an Authorization header.
    netloc = parts.netloc.rpartition("@")[2] if keyed else parts.netloc
    return urlunsplit(parts._replace(netloc=netloc, path=parts.path + "/chat/completions"))


def _headers(model_args: Mapping[str, Json]) -> dict[str, str]:
    extra = model_args.get("headers") or {}
    if not isinstance(extra, dict):
        raise UsageError('--model_args: headers must be an object: headers={"Name": "value"}')
    headers = {name: str(value) for name, value in extra.items()}
    for name, text in headers.items():
        if not _TOKEN.fullmatch(name) or not text.isprintable():
            raise UsageError(f"--model_args: headers: '{name}' is no HTTP header of one line")
    for argument, header in _PAYERS.items():
        if value := text_arg(model_args, argument):
            headers[header] = value
    return headers


def _chosen(headers: Mapping[str, str]) -> dict[str, Json]:
    """Those by which a server may choose what answers; who pays doesn't decide it."""
    return {name: value for name, value in headers.items() if name not in _PAYERS.values()}


def _header_value(api_key: str | None, key_env: str) -> str | None:
    """`api_key` as a header may hold it; a line break pasted with it is no part of it."""
    key = (api_key or "").strip()
    if not key.isascii() or not key.isprintable():
        raise UsageError(f"the API key has characters that no key has; check {key_env}")
    return key or None


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for `url`; asking once saves it on every request."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host == "localhost" or host.startswith("127.") or host == "::1":
        return None
    if urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)

"""Why a server can't be reached or refuses, as findings that say what to do."""

import asyncio
import errno
import os
import ssl
from collections.abc import Mapping

import aiohttp

from evalwh.doctor.findings import Finding, problem
from evalwh.models.chat import one_line
from evalwh.models.failures import retry_after_s
from evalwh.models.openai import Connection

_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)


def unreachable(connection: Connection, error: Exception, timeout_s: float) -> Finding:
    """Why no response came from the server."""
    on_the_way = _in_tls(connection, error) or _at_proxy(connection, error)
    return on_the_way or _at_host(connection, error, timeout_s)


def _in_tls(connection: Connection, error: Exception) -> Finding | None:
    host = connection.host
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return problem(
                "tls",
                f"the certificate of {host} isn't trusted: {_reason(error.certificate_error)}",
                "set SSL_CERT_FILE to the file of the authority that signed it",
            )
        case aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return problem(
                "tls",
                f"{host} speaks no TLS",
                _without_tls(connection),
            )
        case aiohttp.ClientConnectorError() if connection.has_tls and _is_broken_off(error):
            return problem("tls", f"{host} ends the connection at once", _without_tls(connection))
        case _:
            return None


def _without_tls(connection: Connection) -> str:
    word, address = connection.endpoint.address_word, connection.with_scheme("http")
    return f"write http:// for https:// in {word}, unless its log says what it wants: {address}"


def _is_broken_off(error: aiohttp.ClientConnectorError) -> bool:
    """Whether somebody listened, and then closed it."""
    broken = isinstance(error.os_error, ConnectionError)
    return broken and not isinstance(error.os_error, ConnectionRefusedError)


def _at_proxy(connection: Connection, error: Exception) -> Finding | None:
    host = connection.host
    match error:
        case aiohttp.ClientProxyConnectionError():
            return problem(
                "proxy",
                f"the proxy {connection.public_proxy} can't be reached: {_reason(error)}",
                f"start it, unset {connection.proxy_variable}, or add {host} to NO_PROXY",
            )
        case aiohttp.ClientHttpProxyError():
            return problem(
                "proxy",
                f"the proxy {connection.public_proxy} refuses: status {error.status}",
                f"give it a user and password, or add {host} to NO_PROXY",
            )
        case _:
            return None


def _at_host(connection: Connection, error: Exception, timeout_s: float) -> Finding:
    host = connection.host
    match error:
        case aiohttp.ClientConnectorDNSError():
            return problem(
                "address",
                f"no such host: {host.rpartition(':')[0]}",
                "check its spelling, the VPN and the DNS",
            )
        case aiohttp.ClientConnectorError() if error.errno in _NO_ROUTE:
            return problem(
                "connection",
                f"no route to {host}: {os.strerror(error.errno)}",
                "check the network, the VPN and the firewall",
            )
        case aiohttp.ClientConnectorError():
            reason = os.strerror(error.errno) if error.errno else _reason(error)
            return problem(
                "connection",
                f"nothing listens at {host}: {reason}",
                f"start the server, or check the port in {connection.endpoint.address_word}",
            )
        case asyncio.TimeoutError():
            return problem(
                "connection",
                f"{host} gives no answer within {timeout_s:g} s",
                "a firewall may drop it, or the server is stuck: try curl -v from this machine",
            )
        case _:
            return problem(
                "connection",
                f"{host} broke the connection off: {_reason(error)}",
                f"if it wants TLS, write https://: {connection.with_scheme('https')}; "
                "else see its log",
            )


def refused(
    connection: Connection, step: str, status: int, headers: Mapping[str, str], said: str
) -> Finding:
    """What an HTTP status other than 200 means."""
    what = f"status {status}{f': {said}' if said else ''}"
    endpoint = connection.endpoint
    match status:
        case 401 | 403 if endpoint.has_key:
            return problem(
                "key",
                f"the API key is refused, {what}",
                f"check {endpoint.key_env}: echo ${endpoint.key_env}",
            )
        case 401 | 403:
            return problem("key", f"it wants an API key, {what}", f"export {endpoint.key_env}=…")
        case 404 | 405 if "model" in said.lower() and step == "request":
            return problem(
                "model", f"'{endpoint.model}' is not served, {what}", "give --model_name as served"
            )
        case 404 | 405:
            return problem(
                step,
                f"there is nothing at {connection.url}, {what}",
                f"is it {endpoint.base_url}/v1? {_CURL.format(url=endpoint.base_url)}",
            )
        case 407:
            return problem("proxy", f"the proxy wants a user, {what}", "set it in HTTPS_PROXY")
        case 402:
            return problem(
                "quota", f"the account has no quota left, {what}", "pay, or ask the owner"
            )
        case 429 if "insufficient_quota" in said:
            return problem(
                "quota", f"the account has no quota left, {what}", "pay, or ask the owner"
            )
        case 429:
            return problem("rate limit", f"too many requests, {what}", _slower(headers))
        case _ if 300 <= status < 400:
            target = headers.get("Location", "nowhere")
            fix = f"give that address as {endpoint.address_word}"
            return problem(step, f"it redirects to {target}", fix)
        case _ if status >= 500:
            return problem(step, f"the server fails, {what}", "see its log; another try may help")
        case _:
            return problem(step, f"the server refuses, {what}", "see what it says")


def limits_said(headers: Mapping[str, str]) -> str | None:
    """The rate limits that response headers tell, and the options that keep them."""
    requests = headers.get("x-ratelimit-limit-requests")
    tokens = headers.get("x-ratelimit-limit-tokens")
    said = [f"--rpm {requests}"] if _is_number(requests) else []
    said += [f"--tpm {tokens}"] if _is_number(tokens) else []
    return " ".join(said) or None


_CURL = "try curl {url}/v1/models"


def _slower(headers: Mapping[str, str]) -> str:
    wait_s = retry_after_s(headers)
    options = limits_said(headers) or "--rpm N, or a lower --num_concurrent"
    return f"give {options}" + (f"; it asks to wait {wait_s:g} s" if wait_s else "")


def _reason(error: BaseException) -> str:
    return one_line(str(error) or type(error).__name__, 160)


def _is_number(text: str | None) -> bool:
    return text is not None and text.isdigit()

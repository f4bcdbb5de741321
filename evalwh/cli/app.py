"""`evalwh app`: the dashboard, a Streamlit server of its own on loopback."""

import errno
import os
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from evalwh.cli.options import DEFAULT_DB, Db
from evalwh.errors import MissingExtra, UsageError

_FIRST_PORT = 8501
_PORTS_TRIED = 100
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def register(app: typer.Typer) -> None:
    app.command("app")(dashboard)


def dashboard(
    db: Db = DEFAULT_DB,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port; by default a free one from 8501.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
) -> None:
    """Open the dashboard: leaderboard, cases and thresholds."""
    if find_spec("streamlit") is None:
        raise MissingExtra("the dashboard", package="streamlit", extra="app")
    port = _checked(host, port) if port else _free_port(host)
    typer.echo(f"dashboard: http://{_shown(host)}:{port} (Ctrl-C stops it)", err=True)
    if host not in _LOOPBACK:
        typer.echo(f"anybody who can reach {host}:{port} can read it and set thresholds", err=True)
    environment = os.environ | {"EVALWH_DB": str(db.absolute())}
    os.execve(sys.executable, _command(host, port, browser=not no_browser), environment)


def _command(host: str, port: int, *, browser: bool) -> list[str]:
    from evalwh.resources import resource

    folder = resource("app")
    options = {
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorLinks": "false",
        "logger.hideWelcomeMessage": "true",
        "logger.level": "warning",
        "server.address": host,
        "server.fileWatcherType": "none",
        "server.headless": str(not browser).lower(),
        "server.port": str(port),
        "server.showEmailPrompt": "false",
        "theme.base": str(folder / "theme.toml"),
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "streamlit", "run", str(folder / "main.py"), *flags]


def _checked(host: str, port: int) -> int:
    if not _is_free(host, port):
        raise UsageError(f"port {port} is taken; choose another with --port, or leave it out")
    return port


def _free_port(host: str) -> int:
    for port in range(_FIRST_PORT, _FIRST_PORT + _PORTS_TRIED):
        if _is_free(host, port):
            return port
    raise UsageError(f"no port from {_FIRST_PORT} on is free; choose one with --port")


def _is_free(host: str, port: int) -> bool:
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except PermissionError:
            raise UsageError(
                f"port {port} needs more rights; choose one above 1023 with --port"
            ) from None
        except socket.gaierror:
            raise UsageError(f"--host {host}: no such address; try 127.0.0.1") from None
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise UsageError(f"--host {host}: not an address of this machine") from None
            return False
        return True


def _shown(host: str) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
    return everywhere.get(host, f"[{host}]" if ":" in host else host)

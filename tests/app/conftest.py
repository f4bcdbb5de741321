"""A dashboard's server over a filled warehouse, and a browser that notes what it is asked for."""

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from evalwh.warehouse import Warehouse
from tests.app.given_runs import fill
from tests.program import program

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
)
_IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"


class Dashboard(NamedTuple):
    """A running server, its warehouse, and a browser's pages of it."""

    address: str
    warehouse: Warehouse
    context: BrowserContext
    requested: list[str]

    def open(self, path: str) -> Page:
        """A page of its own at `path`, run to its end; those opened before are closed."""
        for page in self.context.pages:
            page.close()
        page = self.context.new_page()
        page.goto(f"{self.address}/{path}")
        page.locator("h1").wait_for(timeout=30_000)
        settle(page)
        return page


def settle(page: Page) -> None:
    """Wait until the page has run to its end."""
    page.wait_for_timeout(150)
    page.wait_for_selector(_IDLE, timeout=30_000)


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    warehouse = fill(tmp_path_factory.mktemp("dashboard") / "evalwh.duckdb", docs=24)
    port = _free_port()
    command = program("app", "--db", warehouse.path, "--port", port, "--no-browser")
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as server:
        try:
            _await_server(f"http://127.0.0.1:{port}/_stcore/health", server)
            yield from _browse(f"http://127.0.0.1:{port}", warehouse)
        finally:
            _stop(server)


def _browse(address: str, warehouse: Warehouse) -> Iterator[Dashboard]:
    requested: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=_FLAGS.split()
        )
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.on("request", lambda request: requested.append(request.url))
        context.on("page", lambda page: page.on("websocket", lambda s: requested.append(s.url)))
        yield Dashboard(address, warehouse, context, requested)
        browser.close()


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server; it can wait for connections that a closed browser left half open."""
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def _await_server(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError("the dashboard's server didn't start")


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose `evalwh.duckdb` the dashboard is to show."""
    monkeypatch.setenv("EVALWH_DB", str(tmp_path / "evalwh.duckdb"))
    return tmp_path

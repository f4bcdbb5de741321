"""`evalwh app` before it becomes a server."""

import socket
import sys

from tests.program import Ended, evalwh, run

_WITHOUT_STREAMLIT = (
    "import sys; sys.modules['streamlit'] = None; sys.argv = ['evalwh', 'app'];"
    "from evalwh.__main__ import main; main()"
)


def test_without_streamlit_the_error_names_the_extra() -> None:
    done = run(sys.executable, "-c", _WITHOUT_STREAMLIT)
    assert (done.returncode, done.stderr) == (
        1,
        "evalwh: error: the dashboard needs streamlit, run: pip install 'evalwh[app]'\n",
    )


def test_a_taken_port_is_said_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert evalwh("app", "--port", port) == Ended(
            2,
            "",
            f"evalwh: error: port {port} is taken; choose another with --port, or leave it out\n",
        )


def test_a_host_of_another_machine_is_refused() -> None:
    assert evalwh("app", "--host", "192.0.2.1") == Ended(
        2,
        "",
        "evalwh: error: --host 192.0.2.1: not an address of this machine\n",
    )

"""`python -m evalwh` by a fork server: `python -I -S tests/forked.py SOCKET ARGUMENT …`.

It hands its arguments, folder, environment and streams to the server, passes signals on to the
child and ends as the child does. When it is killed, so is the child. Where the server can't
stand in for a new process, a new process it is.

It imports as little as it can: that is its point.
"""
# ruff: noqa: PTH109, PTH116, PTH123

import marshal
import os
import resource
import signal
import socket
import sys

REFUSED = b"refused"
_LIMITS = (resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def surroundings() -> "tuple[object, ...]":
    """What a process gets at its start, and a forked one has of its server instead."""
    # As they were at the start: Python itself may have added LC_CTYPE since. At a level of its own
    # even what is imported and not used logs.
    with open("/proc/self/environ", "rb") as environment:
        given = sorted(environment.read().split(b"\0"))
    settings = [
        each for each in given if each.startswith((b"PYTHON", b"LC_", b"LANG", b"LOGLEVEL"))
    ]
    with open("/proc/self/status") as status:
        rights = [line for line in status if line.startswith(("Uid", "Gid", "Cap"))]
    spaces = [os.stat(f"/proc/self/ns/{name}").st_ino for name in ("mnt", "net", "user")]
    limits = [resource.getrlimit(each) for each in _LIMITS]
    return (settings, rights, spaces, limits)


def main() -> None:
    path, *arguments = sys.argv[1:]
    code = _forked(path, arguments)
    if code is None:
        os.execv(sys.executable, [sys.executable, "-m", "evalwh", *arguments])
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _forked(path: str, arguments: "list[str]") -> "int | None":
    """The child's exit code, below 0 for a signal; None where there can't be a child."""
    try:
        for descriptor in range(3):
            os.fstat(descriptor)  # a closed one would be taken for what is opened next
        given = (arguments, os.getcwd(), dict(os.environ), _ignored(), _umask(), surroundings())
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.connect(path)
        socket.send_fds(connection, [marshal.dumps(given)], [0, 1, 2])
    except OSError:
        return None
    said = connection.recv(64)
    if said == REFUSED:
        return None
    child = int(said)
    for number in _SIGNALS:
        signal.signal(number, lambda got, _frame: os.kill(child, got))
    return int(connection.recv(64))


def _ignored() -> "list[int]":
    """Signals that whoever started this process ignores, as a shell does for what is behind `&`."""
    return [int(number) for number in _SIGNALS if signal.getsignal(number) == signal.SIG_IGN]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


if __name__ == "__main__":
    main()

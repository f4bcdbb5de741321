"""Run as a script: shuts itself in, then runs one program that nobody has looked at.

It is given a file descriptor with `{"code", "fn_name", "arguments", "limits", "call_filter"}` as
JSON, and one to write a function's result to; the filter is what `code_calls` makes for seccomp, in
hexadecimal. Standard library only; imports nothing of evalwh, since what it shuts itself in with
leaves no way to read it.

Each layer holds what the ones before it let through:

    namespaces  no network interface, no shared memory of others             Linux, where allowed
    Landlock    reads Python and the system's libraries, no other file       Linux 5.13
    user        not root: nobody where Python can be read by others,
                else root without any capability                             as root
    limits      memory, processor time, open files; no file grows            every POSIX system
    seccomp     no socket, process, signal or other's memory; no file made,
                cut, deleted, locked or changed, no space taken; no call     Linux, x86-64 and ARM
                that a kernel has got since
    audit hook  no file to write, no socket, no process, by Python's own     everywhere

On Linux nothing is run without Landlock or seccomp. With both, a program can use time and memory
up to its limits, and can see that files exist. Without Landlock it can read what its user can.
Elsewhere, as on macOS, limits and the audit hook are all there is, and these hold back a mistake,
not an attack: run it in a container there.
"""

import ctypes
import json
import os
import resource
import struct
import sys
import sysconfig
from pathlib import Path
from typing import Any, NoReturn

SHUT_IN = b"R"
"""What is written before the program runs: without it, nothing of the program was run."""

_NO_NEW_PRIVILEGES = 38
_SECCOMP = 22
_DIE_WITH_PARENT = 1
_NEW_USER, _NEW_IPC, _NEW_NETWORK = 0x10000000, 0x08000000, 0x40000000
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights on files each version of Landlock knows; 16 from the fifth on."""
_MAY_READ = 0b1101
"""Landlock's rights to run and to read a file, and to list a folder."""
_MAY_READ_FILE = 0b0101
_NOBODY = 65534

_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_DENIED_EVENTS = (
    *("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn"),
    *("os.kill", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink"),
    *("os.truncate", "os.chmod", "os.chown", "os.utime", "os.setxattr", "shutil.", "pty."),
    *("ctypes.", "resource.prlimit", "resource.setrlimit", "signal.pthread_kill", "tempfile."),
    *("ftplib.", "smtplib.", "urllib.Request", "http.client.connect", "sqlite3.connect"),
)


def main() -> None:
    """Shut in, say so, run the program, and for a function write what it returned."""
    given, result = int(sys.argv[1]), int(sys.argv[2])
    with os.fdopen(given, "rb") as file:
        task = json.loads(file.read())
    _shut_in(task["limits"], task["call_filter"])
    os.write(result, SHUT_IN)
    code = compile(task["code"], "<solution>", "exec", dont_inherit=True)
    if task["fn_name"] is None:
        exec(code, {"__name__": "__main__"})
        return
    namespace: dict[str, Any] = {"__name__": "solution"}
    exec(code, namespace)
    returned = _function(namespace, task["fn_name"])(*task["arguments"])
    os.write(result, json.dumps(returned).encode())


def _function(namespace: dict[str, Any], name: str) -> Any:
    """The function of that name, or the method of the class `Solution`."""
    if "Solution" in namespace:
        return getattr(namespace["Solution"](), name)
    return namespace[name]


def _shut_in(limits: dict[str, int], call_filter: str | None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    linux = sys.platform == "linux"
    shielded = False
    if linux:
        _leave_the_network(libc)
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        shielded = _read_only_python(libc)
    alone = _leave_root(libc)
    if linux:
        libc.prctl(_DIE_WITH_PARENT, 9, 0, 0, 0)
    _limit(limits["memory_bytes"], limits["cpu_s"])
    if not (linux and _deny_calls(libc, call_filter)):
        if linux and not shielded:
            raise OSError("this kernel has neither Landlock nor seccomp")
        processes = 64 if alone else 0
        resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    sys.addaudithook(_refuse)


def _limit(memory_bytes: int, cpu_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    if sys.platform == "linux":  # macOS knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _leave_the_network(libc: ctypes.CDLL) -> None:
    """Into a network of one's own without interfaces; a user namespace may be needed for it."""
    if libc.unshare(_NEW_NETWORK | _NEW_IPC) != 0:
        libc.unshare(_NEW_USER | _NEW_NETWORK | _NEW_IPC)


def _read_only_python(libc: ctypes.CDLL) -> bool:
    """Let Landlock refuse every file but Python's and the system's libraries; whether it does."""
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return False
    rights = (1 << _LANDLOCK_RIGHTS.get(version, 16)) - 1
    handled = struct.pack("QQQ", rights, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_LANDLOCK_CREATE, handled, ctypes.c_size_t(size), 0)
    for path in _readable():
        _let_read(libc, ruleset, path)
    if libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) != 0:
        raise OSError(ctypes.get_errno(), "Landlock can't be put in force")
    os.close(ruleset)
    return True


def _let_read(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    rights = _MAY_READ if Path(path).is_dir() else _MAY_READ_FILE
    rule = struct.pack("=Qi", rights, opened)
    libc.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0)
    os.close(opened)


def _readable() -> list[str]:
    paths = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    libraries = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"]
    files = ["/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom", "/dev/zero"]
    zones = ["/usr/share/zoneinfo"]
    own = [os.path.join(sys.base_prefix, "lib")]  # noqa: PTH118
    return [path for path in [*paths, *own, *libraries, *files, *zones] if path]


def _leave_root(libc: ctypes.CDLL) -> bool:
    """Become nobody, or root without capabilities where nobody couldn't read Python.

    Whether it is nobody now.
    """
    if os.getuid() != 0:
        return False
    if not _open_to_all(Path(os.__file__).resolve()):
        header = struct.pack("Ii", 0x20080522, 0)
        if sys.platform == "linux" and libc.capset(header, bytes(24)) != 0:
            raise OSError(ctypes.get_errno(), "capabilities can't be dropped")
        return False
    os.setgroups([])
    os.setgid(_NOBODY)
    os.setuid(_NOBODY)
    return True


def _open_to_all(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)


def _deny_calls(libc: ctypes.CDLL, call_filter: str | None) -> bool:
    """Have the kernel refuse calls; whether it does, which needs a filter for this processor."""
    if call_filter is None:
        return False
    program = bytes.fromhex(call_filter)
    buffer = ctypes.create_string_buffer(program, len(program))
    filters = struct.pack("H6xQ", len(program) // 8, ctypes.addressof(buffer))
    return bool(libc.prctl(_SECCOMP, 2, filters, 0, 0) == 0)


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    if event == "open":
        _refuse_writing(args[0], args[2])
    elif event.startswith(_DENIED_EVENTS):
        raise PermissionError(f"{event} isn't allowed here")


def _refuse_writing(path: object, flags: object) -> None:
    writing = isinstance(flags, int) and flags & _TO_WRITE
    if isinstance(path, str | bytes) and os.fsdecode(path) != os.devnull and writing:
        raise PermissionError(f"no file can be written here: {os.fsdecode(path)}")


def _end(error: BaseException) -> NoReturn:
    """End as Python does after an error, however little memory is left."""
    code = error.code if isinstance(error, SystemExit) else 1
    status = 0 if code is None else code & 0xFF if isinstance(code, int) else 1
    try:
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001  what the program left behind may do anything
        status = 1
    os._exit(status)


if __name__ == "__main__":
    try:
        main()
    except BaseException as error:  # noqa: BLE001  the program's own
        _end(error)

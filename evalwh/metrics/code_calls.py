"""Which calls of Linux's kernel a program may make, as a seccomp filter; puts nothing in force.

The calls that had a number before 424 are a closed list for each processor: those that reach
beyond the program are refused by name, the rest is what programs always had. From 424 on every
processor has the same numbers and every kernel adds some: there only calls that are known to be
harmless are let through, and the rest is answered as by a kernel that is too old to have them, so
that C libraries take the calls from before.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_REFUSED = """
socket 41 198, socketpair 53 199

fork 57 -, vfork 58 -, execve 59 221, execveat 322 281, unshare 272 97, setns 308 268
setpriority 141 140, prlimit64 302 261, sched_setparam 142 118, sched_setscheduler 144 119
sched_setaffinity 203 122, sched_setattr 314 274, ioprio_set 251 30, migrate_pages 256 238
move_pages 279 239, personality 135 92, modify_ldt 154 -

kill 62 129, tkill 200 130, tgkill 234 131, rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240

ptrace 101 117, kcmp 312 272, process_vm_readv 310 270, process_vm_writev 311 271
perf_event_open 298 241, bpf 321 280, userfaultfd 323 282
add_key 248 217, request_key 249 218, keyctl 250 219

mount 165 40, pivot_root 155 41, chroot 161 51, open_by_handle_at 304 265
creat 85 -, mkdir 83 -, mkdirat 258 34, mknod 133 -, mknodat 259 33
link 86 -, linkat 265 37, symlink 88 -, symlinkat 266 36
rename 82 -, renameat 264 38, renameat2 316 276
unlink 87 -, unlinkat 263 35, rmdir 84 -
truncate 76 45, ftruncate 77 46, fallocate 285 47, sync 162 81, syncfs 306 267
chmod 90 -, fchmod 91 52, fchmodat 268 53
chown 92 -, fchown 93 55, lchown 94 -, fchownat 260 54
utime 132 -, utimes 235 -, futimesat 261 -, utimensat 280 88
setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7
removexattr 197 14, lremovexattr 198 15, fremovexattr 199 16
flock 73 32, inotify_init 253 -, inotify_init1 294 26, fanotify_init 300 262

memfd_create 319 279, mq_open 240 180, mq_unlink 241 181
shmget 29 194, shmat 30 196, shmctl 31 195
semget 64 190, semop 65 193, semctl 66 191, semtimedop 220 192
msgget 68 186, msgsnd 69 189, msgrcv 70 188, msgctl 71 187
"""
"""What fails, by its numbers on x86-64 and ARM: the network; processes and what they may take;
signals; others' memory and keys; files to make, move, cut, delete, lock or watch, their owners,
modes, times and attributes; memory and queues that others share."""

_FIRST_NEW = 424
_NEW_ALLOWED = (436, 439, 441, 449, 453, 454, 455, 456, 462)
"""close_range, faccessat2, epoll_pwait2, futex_waitv, map_shadow_stack, futex_wake, futex_wait,
futex_requeue and mseal."""

_FCNTL_ALLOWED = (0, 1, 2, 3, 4, 1030, 1032)
"""To copy a file's number, and its flags and those of the number: no lease, lock or signal."""
_IOCTL_ALLOWED = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Whether it is a terminal, in both of its ways, and how large; how much can be read; whether
reading waits; whether a program that is started has it: what files and pipes are asked for."""
_DIE_WITH_PARENT = 1
_CLONE_THREAD = 0x00010000
_TO_WRITE = 0o1 | 0o2 | 0o100 | 0o1000
"""Linux's flags to write to, create and cut a file."""

_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_LOAD, _EQUALS, _AT_LEAST, _HAS, _GIVE = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16

Step = tuple[int, int, int, int]
"""An operation, how many steps to skip if it holds and if not, and its value."""


class _Processor(NamedTuple):
    """A processor's name to seccomp, its column in `_REFUSED`, and its numbers of some calls;
    `opens` are those that open a file, and which argument has the flags."""

    arch: int
    column: int
    opens: Sequence[tuple[int, int]]
    clone: int
    fcntl: int
    ioctl: int
    prctl: int


_PROCESSORS = {
    "x86_64": _Processor(0xC000003E, 1, ((2, 1), (257, 2)), 56, 72, 16, 157),
    "aarch64": _Processor(0xC00000B7, 2, ((56, 2),), 220, 25, 29, 167),
}


def call_filter(machine: str) -> bytes | None:
    """The filter for a processor, as `platform.machine` names it; None for an unknown one.

    It is the array of `struct sock_filter` that `prctl(PR_SET_SECCOMP)` takes.
    """
    processor = _PROCESSORS.get(machine)
    if processor is None:
        return None
    return b"".join(struct.pack("HBBI", *step) for step in _steps(processor))


def _steps(on: _Processor) -> list[Step]:
    refused = [
        int(numbers[on.column])
        for call in _REFUSED.replace("\n", ",").split(",")
        if (numbers := call.split()) and numbers[on.column] != "-"
    ]
    return [
        (_LOAD, 0, 0, _ARCH_AT),
        (_EQUALS, 1, 0, on.arch),
        (_GIVE, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        *_each(_NEW_ALLOWED, _ALLOW),
        (_AT_LEAST, 0, 1, _FIRST_NEW),
        (_GIVE, 0, 0, _FAIL | _ENOSYS),
        *_each(refused, _FAIL | _EPERM),
        *[step for number, place in on.opens for step in _without(number, place, _TO_WRITE)],
        *_only(on.fcntl, 1, _FCNTL_ALLOWED),
        *_only(on.ioctl, 1, _IOCTL_ALLOWED),
        *_all_but(on.prctl, 0, (_DIE_WITH_PARENT,)),
        *_with(on.clone, 0, _CLONE_THREAD),
        (_GIVE, 0, 0, _ALLOW),
    ]


def _each(values: Iterable[int], answer: int) -> list[Step]:
    return [step for value in values for step in ((_EQUALS, 0, 1, value), (_GIVE, 0, 0, answer))]


def _only(call: int, place: int, uses: Iterable[int]) -> list[Step]:
    """Refuse a call unless its argument at `place` is one of `uses`."""
    return _looked_at(call, place, [*_each(uses, _ALLOW), (_GIVE, 0, 0, _FAIL | _EPERM)])


def _all_but(call: int, place: int, uses: Iterable[int]) -> list[Step]:
    """Refuse a call where its argument at `place` is one of `uses`."""
    return _looked_at(call, place, [*_each(uses, _FAIL | _EPERM), (_GIVE, 0, 0, _ALLOW)])


def _with(call: int, place: int, flag: int) -> list[Step]:
    """Refuse a call unless its argument at `place` has a flag."""
    answers = [(_GIVE, 0, 0, _ALLOW), (_GIVE, 0, 0, _FAIL | _EPERM)]
    return _looked_at(call, place, [(_HAS, 0, 1, flag), *answers])


def _without(call: int, place: int, flags: int) -> list[Step]:
    """Refuse a call where its argument at `place` has any of `flags`."""
    answers = [(_GIVE, 0, 0, _FAIL | _EPERM), (_GIVE, 0, 0, _ALLOW)]
    return _looked_at(call, place, [(_HAS, 0, 1, flags), *answers])


def _looked_at(call: int, place: int, steps: Sequence[Step]) -> list[Step]:
    """`steps` with a call's argument at `place` loaded; every way through them gives an answer."""
    return [
        (_EQUALS, 0, len(steps) + 1, call),
        (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * place),
        *steps,
    ]

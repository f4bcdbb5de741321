"""Which calls of the kernel a program may make: the filter is run as the kernel runs it."""

import struct

import pytest

from evalwh.metrics.code_calls import call_filter

ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOWED, REFUSED, UNKNOWN, KILLED = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
SET_FLAGS, IS_TERMINAL, READABLE, CLOSE_ON_EXEC = 0x40086602, 0x5401, 0x541B, 0x5451
LEASE, NOTIFY, SIGNAL, OWNER, LOCK, FLAGS = 1024, 1026, 10, 8, 6, 3


def answer(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the filter answers to a call; the steps are those of `linux/filter.h`."""
    program = call_filter(machine)
    assert program is not None
    steps = list(struct.iter_unpack("HBBI", program))
    given = [*arguments, *(0 for _ in range(6 - len(arguments)))]
    call = struct.pack("<II8x6Q", number, ARCHES[machine] if arch is None else arch, *given)
    at, loaded = 0, 0
    while True:
        operation, if_so, if_not, value = steps[at]
        if operation == 0x06:
            return int(value)
        if operation == 0x20:
            (loaded,) = struct.unpack_from("<I", call, value)
            at += 1
            continue
        holds = {0x15: loaded == value, 0x35: loaded >= value, 0x45: bool(loaded & value)}
        at += 1 + (if_so if holds[operation] else if_not)


@pytest.mark.parametrize(("machine", "numbers"), [("x86_64", (16, 72)), ("aarch64", (29, 25))])
def test_of_what_can_be_asked_of_an_open_file_only_the_harmless_is_let_through(
    machine: str, numbers: tuple[int, int]
) -> None:
    ioctl, fcntl = numbers
    asked = {use: answer(machine, ioctl, 0, use) for use in (IS_TERMINAL, READABLE, CLOSE_ON_EXEC)}
    assert set(asked.values()) == {ALLOWED}
    assert answer(machine, ioctl, 0, SET_FLAGS) == REFUSED
    assert answer(machine, fcntl, 0, FLAGS) == ALLOWED
    assert {answer(machine, fcntl, 0, use) for use in (LEASE, NOTIFY, SIGNAL, OWNER, LOCK)} == {
        REFUSED
    }


@pytest.mark.parametrize("machine", ARCHES)
def test_calls_that_kernels_got_since_are_unknown_but_for_the_harmless(machine: str) -> None:
    answers = {number: answer(machine, number) for number in range(424, 600)}
    let_through = [number for number in answers if answers[number] == ALLOWED]
    assert let_through == [436, 439, 441, 449, 453, 454, 455, 456, 462]
    assert set(answers.values()) == {ALLOWED, UNKNOWN}


@pytest.mark.parametrize(("machine", "clone"), [("x86_64", 56), ("aarch64", 220)])
def test_a_thread_can_be_made_and_a_process_can_not(machine: str, clone: int) -> None:
    assert answer(machine, clone, 0x00010000 | 0x100) == ALLOWED
    assert answer(machine, clone, 0x100 | 17) == REFUSED
    assert answer(machine, 435) == UNKNOWN


@pytest.mark.parametrize(("machine", "openat"), [("x86_64", 257), ("aarch64", 56)])
def test_a_file_can_be_opened_to_read_alone(machine: str, openat: int) -> None:
    assert answer(machine, openat, 0, 0, 0o2000000) == ALLOWED
    assert {answer(machine, openat, 0, 0, flags) for flags in (1, 2, 0o100, 0o1000)} == {REFUSED}


def test_a_call_by_another_binary_interface_is_refused() -> None:
    assert answer("x86_64", 0, arch=0x40000003) == KILLED
    assert answer("x86_64", 0x40000000 | 41) == UNKNOWN


def test_there_is_no_filter_for_an_unknown_processor() -> None:
    assert call_filter("riscv64") is None

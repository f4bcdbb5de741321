"""What an examination finds, step by step."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from evalwh.secrets import redact


class Status(StrEnum):
    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step found, in one line; `fix` is what to do about a problem, or a note."""

    step: str
    status: Status
    text: str
    fix: str | None = None


def redacted(finding: Finding, secrets: Collection[str]) -> Finding:
    """`finding` without `secrets`: a server may say again what it was sent."""
    fix = None if finding.fix is None else redact(finding.fix, secrets)
    return Finding(finding.step, finding.status, redact(finding.text, secrets), fix)


def ok(step: str, text: str) -> Finding:
    return Finding(step, Status.OK, text)


def note(step: str, text: str, fix: str | None = None) -> Finding:
    return Finding(step, Status.NOTE, text, fix)


def problem(step: str, text: str, fix: str) -> Finding:
    return Finding(step, Status.PROBLEM, text, fix)

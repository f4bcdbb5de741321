"""What a command's exit code says."""

from enum import IntEnum


class ExitCode(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2
    GATE_FAILED = 3
    INTERRUPTED = 130

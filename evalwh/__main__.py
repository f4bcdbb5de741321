"""The one boundary between the program and its user: errors become one line and an exit code."""

import os
import sys

from evalwh.cli.exit_codes import ExitCode
from evalwh.errors import EvalwhError, UsageError

_OWN_ANSWERS = {"-h", "--help", "--schema"}


def main() -> None:
    """Run the command line; never returns."""
    if sys.argv[1:2] == ["query"] and not _OWN_ANSWERS.intersection(sys.argv):
        from evalwh.query.process import start_early

        start_early()
    from evalwh.cli import app
    from evalwh.cli.usage import TyperUsageError, as_usage_error

    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="evalwh", standalone_mode=False)
        if code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        raise SystemExit(code)
    except TyperUsageError as error:
        _stop(str(as_usage_error(error)), ExitCode.USAGE)
    except UsageError as error:
        _stop(str(error), ExitCode.USAGE)
    except EvalwhError as error:
        _stop(str(error), ExitCode.FAILED)
    except KeyboardInterrupt:
        _stop("interrupted", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(ExitCode.FAILED) from None


def _stop(message: str, code: ExitCode) -> None:
    if os.environ.get("LOGLEVEL", "").upper() == "DEBUG":
        import traceback

        traceback.print_exc()
    print(f"evalwh: error: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
    raise SystemExit(code) from None


if __name__ == "__main__":
    main()

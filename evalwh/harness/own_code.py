"""What the code of a task raises, told in one line: the one place that knows how.

A task's functions, its templates and the library that runs them may raise anything, things that
end a program among them. A signal ends a command by `cli.ending`, so that a KeyboardInterrupt is
the task's own, unless Python's own handler raises it for the user.
"""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import PurePath
from types import FrameType

from evalwh.errors import EvalwhError, TaskError


@contextlib.contextmanager
def told_as(place: str) -> Iterator[None]:
    """Whatever is raised inside as a TaskError of one line that begins with `place`."""
    try:
        yield
    except EvalwhError:
        raise
    except BaseException as error:
        # A task's code is anyone's, and may raise or exit as it likes.
        if is_the_users(error):
            raise
        raise TaskError(f"{place}: {reason(error)}") from error


def is_the_users(error: BaseException) -> bool:
    """Whether someone at the terminal may be behind it rather than the task's code."""
    is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return isinstance(error, KeyboardInterrupt) and is_default


def reason(error: BaseException) -> str:
    """An exception as words that can follow a place; of a task's own code with file and line."""
    if type(error).__name__ == "DatasetGenerationError" and error.__cause__:
        return reason(error.__cause__)
    if not isinstance(error, Exception):
        return f"its code ends the program ({raised(error)})"
    text = " ".join(str(error).split())
    if isinstance(error, ModuleNotFoundError):
        return f"{text}; install it, or lm-eval's extra for this task"
    if own_place(error):
        return raised(error)
    match error:
        case KeyError() if error.args and " " in str(error.args[0]):
            return " ".join(str(error.args[0]).split())
        case KeyError():
            return f"no {text} in it"
        case RecursionError():
            return "it is nested too deep, or holds itself; write out what an anchor stands for"
        case OSError() if error.filename and error.strerror:
            return f"{error.filename}: {error.strerror}"
    if text.startswith("Couldn't reach"):
        return f"{text}; allow the network once, or name a local copy as its dataset_path"
    return text or type(error).__name__


def raised(error: BaseException) -> str:
    """`ValueError: its words (functions.py:3)`: the place is the task's own line that raised it."""
    words = " ".join(str(error).split())
    place = own_place(error)
    said = type(error).__name__ + (f": {words}" if words else "")
    return said + (f" ({place})" if place else "")


def own_place(error: BaseException) -> str | None:
    """The line of a module beside a task's YAML file that raised it, as `file.py:line`."""
    place, traceback = None, error.__traceback__
    while traceback is not None:
        # What lm-eval notes in the modules that it imports for tasks.
        if "__mtime__" in traceback.tb_frame.f_globals:
            file = PurePath(traceback.tb_frame.f_code.co_filename).name
            place = f"{file}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def frames(error: BaseException) -> Iterator[FrameType]:
    """The frames that an exception came through, the outermost first."""
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next

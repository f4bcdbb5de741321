"""How lm-eval and Evalchemy write the options of `run`, put as ours.

Knows words; neither reads files nor decides what an option means.
"""

from collections import deque
from collections.abc import Collection, Sequence
from typing import Any

import typer

from evalwh.cli.command import Command

MAPPINGS = frozenset({"model_args", "gen_kwargs", "judge_args", "metadata"})
"""Options of `key=value` pairs or JSON objects; of a pair said twice the later one counts."""
LISTS = frozenset({"tasks", "model_name", "prompts"})
"""Options of names with commas between them."""
RENAMED = {"annotator_model": "judge"}
PAIRS = {
    "max_tokens": ("gen_kwargs", "max_tokens"),
    "max_batch_size": ("model_args", "max_batch_size"),
    "trust_remote_code": ("model_args", "trust_remote_code"),
}
"""Options of theirs that are a pair of one of ours."""
STANDING_FOR = {"debug": ("limit", 2)}
"""Flags of theirs for a value of one of our options, which goes before it where it is given."""
UNHEARD = {
    "verbosity": "set LOGLEVEL in the environment",
    "v": "set LOGLEVEL in the environment",
    "write_out": "see evalwh show",
    "w": "see evalwh show",
    "show_config": "see evalwh show",
    "check_integrity": "every task is checked",
    "cache_requests": "requests are made anew",
    "hf_hub_log_args": "nothing is uploaded",
    "wandb_args": "nothing is uploaded",
    "wandb_config_args": "nothing is uploaded",
    "trackio_args": "nothing is uploaded",
}
"""Options of theirs that mean nothing here, and what to know instead."""
_SHORT = {
    "M": "model",
    "a": "model_args",
    "t": "tasks",
    "L": "limit",
    "E": "samples",
    "c": "use_cache",
    "f": "num_fewshot",
    "b": "batch_size",
    "o": "output_path",
    "s": "log_samples",
    "x": "predict_only",
    "C": "config",
}
_BARE = ("apply_chat_template", "fewshot_as_multiturn", "use_cache", "trust_remote_code")
"""Options whose value may be left out, and is True then."""
_OF_SEVERAL_WORDS = MAPPINGS | {"tasks"}


class RunCommand(Command):
    """`evalwh run`: takes the words of lm-eval and Evalchemy, and shows its options in panels."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return list(super().parse_args(ctx, our_words(args, self._valued_options())))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        panels: dict[str, list[Any]] = {}
        for option in self.get_params(ctx):
            panel = getattr(option, "rich_help_panel", None) or "Options"
            panels.setdefault(panel, []).append(option.get_help_record(ctx))
        for panel, records in panels.items():
            with formatter.section(panel):
                formatter.write_dl(records)

    def _valued_options(self) -> frozenset[str]:
        valued = [option for option in self.params if not getattr(option, "is_flag", False)]
        return frozenset(_plain(name) for option in valued for name in option.opts)


def our_words(args: Sequence[str], valued: Collection[str]) -> list[str]:
    """A command line of theirs as one of ours; `valued` names our options that take a value."""
    words, ours, gathered = deque(args), list[str](), dict[str, list[str]]()
    while words:
        word = words.popleft()
        name, equals, value = _option(word)
        following = [value] if equals else _following(words, name, valued)
        if name in UNHEARD:
            say_unheard(word.partition("=")[0], name)
        elif name in STANDING_FOR:
            option, meant = STANDING_FOR[name]
            ours = [f"--{option}", str(meant), *ours]
        elif name in PAIRS:
            option, key = PAIRS[name]
            gathered.setdefault(option, []).append(f"{key}={_only(following)}")
        elif name in MAPPINGS and following:
            gathered.setdefault(name, []).extend(following)
        elif name in _OF_SEVERAL_WORDS and following:
            gathered[name] = following
        elif name in _BARE:
            ours += [f"--{name}", _only(following)]
        else:
            ours += _as_it_is(word, name, following)
    return [*ours, *(part for name in gathered for part in (f"--{name}", ",".join(gathered[name])))]


def say_unheard(where: str, name: str) -> None:
    """Note that an option of theirs has no meaning here."""
    typer.echo(f"evalwh: note: {where}: has no meaning here; {UNHEARD[name]}", err=True)


def _option(word: str) -> tuple[str, str, str]:
    """An option's name as ours, and its value if it stands behind an `=`; no name for the rest."""
    if word.startswith("--") and len(word) > 2:
        name, equals, value = word[2:].partition("=")
        name = _plain(name)
        return RENAMED.get(name, name), equals, value
    if len(word) == 2 and word[0] == "-" and word[1] in {*_SHORT, *UNHEARD}:
        return _SHORT.get(word[1], word[1]), "", ""
    return "", "", ""


def _as_it_is(word: str, name: str, following: Sequence[str]) -> list[str]:
    """An option with its value as it was written, but for its name where ours is another."""
    if not name:
        return [word]
    written, equals, _value = word.partition("=")
    first = written if _plain(written) == name else f"--{name}"
    return [f"{first}={following[0]}"] if equals else [first, *following]


def _following(words: deque[str], name: str, valued: Collection[str]) -> list[str]:
    """Take the words that are an option's value off the front of `words`."""
    most = _most_words(name, valued)
    taken: list[str] = []
    while words and len(taken) < most:
        is_owed = not taken and name in valued and name not in _BARE
        if not is_owed and words[0].startswith("-"):
            break
        taken.append(words.popleft())
    return taken


def _most_words(name: str, valued: Collection[str]) -> int:
    if name in _OF_SEVERAL_WORDS or name in UNHEARD:
        return 1_000
    return 1 if name in valued or name in PAIRS or name in _BARE else 0


def _only(words: Sequence[str]) -> str:
    return words[0] if words else "True"


def _plain(name: str) -> str:
    return name.lstrip("-").replace("-", "_")

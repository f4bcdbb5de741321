"""The text of a prompt, cut into chat messages; knows no Jinja2.

A prompt without delimiter lines is one user message. A line that is `--- system`, `--- user` or
`--- assistant` and nothing else begins a message of that role:

    --- system
    You answer in one sentence.
    --- user
    {{ question }}

The template is cut before anything is filled in, so a doc that holds such a line stays what it
is: text inside one message. Blank lines at either end of a message are dropped.
"""

import re
from typing import NamedTuple

from evalwh.errors import did_you_mean

_DELIMITER = re.compile(r"^---[ \t]+(\w+)[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_ROLES = ("system", "user", "assistant")


class PromptProblem(Exception):
    """What is wrong with a prompt, and the line of its file where it is known."""

    def __init__(self, line: int | None, problem: str) -> None:
        super().__init__(problem)
        self.line = line


class Section(NamedTuple):
    """The template of one message; `line` is the first of `text` in the file, from 1."""

    role: str
    text: str
    line: int


def split_sections(template: str) -> list[Section]:
    """The messages of a prompt's template, in order; at most one system message, the first.

    Raises PromptProblem: an unknown role, text before the first delimiter, no user message.
    """
    delimiters = list(_DELIMITER.finditer(template))
    if not delimiters:
        return [_section(template, "user", 0, len(template))]
    _check_preamble(template[: delimiters[0].start()])
    ends = [delimiter.start() for delimiter in delimiters[1:]] + [len(template)]
    sections = [
        _section(template, _role(template, delimiter), delimiter.end(), end)
        for delimiter, end in zip(delimiters, ends, strict=True)
    ]
    _check_order(sections)
    return sections


def _section(template: str, role: str, start: int, end: int) -> Section:
    text = template[start:end]
    blank = re.match(r"(?:[ \t]*\n)*", text)
    skipped = blank.end() if blank else 0
    line = _line(template, start + skipped)
    return Section(role, text[skipped:].rstrip("\n"), line)


def _line(template: str, position: int) -> int:
    return template.count("\n", 0, position) + 1


def _role(template: str, delimiter: re.Match[str]) -> str:
    role = delimiter[1]
    if role not in _ROLES:
        raise PromptProblem(
            _line(template, delimiter.start()),
            f"unknown role '{role}' in '{delimiter[0]}'{did_you_mean(role, _ROLES)}",
        )
    return role


def _check_preamble(text: str) -> None:
    if _COMMENT.sub("", text).strip():
        raise PromptProblem(1, "text before the first '--- role' line belongs to no message")


def _check_order(sections: list[Section]) -> None:
    roles = [section.role for section in sections]
    if "user" not in roles:
        raise PromptProblem(None, "there is no '--- user' message")
    for section in sections[1:]:
        if section.role == "system":
            raise PromptProblem(section.line, "a system message can only be the first one")

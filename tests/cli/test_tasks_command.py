"""`evalwh tasks`: what `--tasks` can name."""

import json
import sys
from pathlib import Path

import orjson
import pytest

from evalwh.harness.index import cache_file, cache_key, installed
from tests.program import Ended, evalwh, program, run


def firsts(table: str) -> list[list[str]]:
    """The name and docs of each task; what goes on in further lines is left out."""
    rows = [line for line in table.splitlines()[1:] if not line.startswith(" ")]
    return [row.split()[:2] for row in rows]


def tasks(folder: Path, *words: str) -> Ended:
    """`evalwh tasks` with what is kept of lm-eval's names in the folder `cache`."""
    cache = {"XDG_CACHE_HOME": str(folder / "cache")}
    done = run(*program("tasks", *words), cwd=folder, **cache)
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which six names of lm-eval's are kept, as if it had no more."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    members = ["mmlu_stem", *(f"mmlu_{letter * 20}" for letter in "abcdefghijkl")]
    names = {
        "mmlu": ("group", "mmlu/_mmlu.yaml", members),
        "mmlu_stem": ("group", "mmlu/_stem.yaml", ["mmlu_anatomy"]),
        "mmlu_anatomy": ("task", "mmlu/default/anatomy.yaml", []),
        "mmlu_with_a_name_that_is_longer_than_its_column": ("task", "mmlu/long.yaml", []),
        "squadv2": ("py_task", "squadv2/squadv2.yaml", []),
        "reading": ("tag", None, ["squadv2"]),
    }
    path = cache_file("x")
    path.parent.mkdir(parents=True)
    path.write_bytes(orjson.dumps({"key": cache_key(installed("x")), "names": names}))
    return tmp_path


def test_names_of_lm_evals_are_found_by_pattern_with_what_they_lead_to(kept: Path) -> None:
    done = tasks(kept, "mmlu*", "squadv2", "AIME24")
    folder = Path("tasks/AIME24").resolve()
    lines = done.out.splitlines()
    assert (done.code, done.err, [line for line in lines if str(folder)[:30] not in line]) == (
        0,
        "",
        [
            "kind    name                              leads to",
            "group   mmlu                              mmlu_stem and 12 more",
            "group   mmlu_stem                         mmlu_anatomy",
            "task    mmlu_anatomy                      lm_eval/tasks/mmlu/default/anatomy.yam",
            f"{'':42}l",
            "task    mmlu_with_a_name_that_is_longer_than_its_column",
            f"{'':42}lm_eval/tasks/mmlu/long.yaml",
            "task    squadv2                           lm_eval/tasks/squadv2/squadv2.yaml",
        ],
    )


def test_names_of_a_kind_are_rows_of_any_format(kept: Path) -> None:
    tags = tasks(kept, "--kind", "tag", "--format", "json")
    path = installed("x").tasks / "squadv2" / "squadv2.yaml"
    every = tasks(kept, "squad*", "--format", "csv")
    assert (json.loads(tags.out), every.out) == (
        [{"kind": "tag", "name": "reading", "members": ["squadv2"], "path": None}],
        f"kind,name,members,path\ntask,squadv2,[],{path}\n",
    )


def test_the_names_under_an_include_path_are_found_without_task_folders_of_others(
    kept: Path,
) -> None:
    (kept / "mine").mkdir()
    (kept / "mine" / "own.yaml").write_text("task: own_task\ntag: [own_tag]\n")
    done = tasks(kept, "own_*", "--include_path", "mine", "--format", "csv")
    assert done.out.splitlines()[1:] == [
        'tag,own_tag,"[""own_task""]",',
        f"task,own_task,[],{kept / 'mine' / 'own.yaml'}",
    ]


def test_how_many_names_lm_eval_has_is_said_where_that_is_kept(kept: Path) -> None:
    note = "evalwh: note: lm-eval has 6 names more; list some: evalwh tasks 'mmlu*'\n"
    assert tasks(kept).err == note


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mmlu", "squadv3"), "no task, group or tag 'squadv3'; did you mean 'squadv2'?"),
        (("AIME",), "no task, group or tag 'AIME'; did you mean 'AIME24'?"),
        (("--kind", "tag", "readin"), "no tag 'readin'; did you mean 'reading'?"),
        (("--kind", "tags"), "--kind: unknown kind 'tags'; did you mean 'tag'?"),
        (("mmlu", "--format", "jsn"), "unknown format 'jsn'; did you mean 'json'?"),
    ],
)
def test_a_pattern_that_matches_nothing_is_one_line(
    kept: Path, words: tuple[str, ...], said: str
) -> None:
    done = tasks(kept, *words)
    assert (done.code, done.out, done.err) == (2, "", f"evalwh: error: {said}\n")


def test_every_line_fits_a_terminal(kept: Path) -> None:
    done = tasks(kept, "*")
    lines = [*done.out.splitlines(), *tasks(kept).err.splitlines()]
    assert [line for line in lines if len(line) > 80] == []


def test_the_bundled_tasks_are_listed_with_their_docs(tmp_path: Path) -> None:
    done = tasks(tmp_path)
    assert (done.code, firsts(done.out), done.err) == (
        0,
        [
            ["AIME24", "-"],
            ["GPQADiamond", "-"],
            ["LiveCodeBench", "-"],
            ["MATH500", "-"],
            ["MTBench", "-"],
            ["api_test_bot", "60"],
            ["technical_support_bot", "51"],
        ],
        "evalwh: note: lm-eval has many names more; list some: evalwh tasks 'mmlu*'\n",
    )


def test_tasks_under_an_include_path_are_listed_too(tmp_path: Path) -> None:
    evalwh("init", "mine/bot", cwd=tmp_path)
    done = evalwh("tasks", "--include_path", "mine", cwd=tmp_path)
    assert [name for name, _ in firsts(done.out)][-3:] == [
        "api_test_bot", "bot", "technical_support_bot",
    ]  # fmt: skip


def test_a_benchmark_says_what_it_needs(tmp_path: Path) -> None:
    said = " ".join(evalwh("tasks", cwd=tmp_path).out.split())
    assert (
        "needs dataset HuggingFaceH4/mt_bench_prompts on the Hugging Face hub" in said,
        "needs --judge MODEL for mt_bench_rating" in said,
        "needs --confirm_run_unsafe_code for code_passes" in said,
    ) == (True, True, True)


def test_a_broken_task_is_listed_with_what_is_wrong(tmp_path: Path) -> None:
    evalwh("init", "mine/bot", cwd=tmp_path)
    (tmp_path / "mine" / "bot" / "test.jsonl").write_text('{"id": 1\n')
    done = evalwh("tasks", "--include-path", "mine", cwd=tmp_path)
    (line,) = (line for line in done.out.splitlines() if line.startswith("bot "))
    assert done.code == 0
    assert line.split(maxsplit=2)[1:] == ["-", "broken: mine/bot/test.jsonl:1:9: not JSON:"]


def test_a_missing_include_path_is_one_line(tmp_path: Path) -> None:
    done = evalwh("tasks", "--include_path", "nowhere", cwd=tmp_path)
    assert (done.code, done.out, done.err) == (
        1,
        "",
        "evalwh: error: nowhere: no such folder to look for tasks in\n",
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("AIME24", "MATH*"), 0, ""),
        (("--kind", "folder", "AIME24"), 0, ""),
        (("mmlu",), 1, "a name of lm-eval's needs lm-eval, run: pip install 'evalwh[lm-eval]'"),
        (("--kind", "tag"), 1, "a name of lm-eval's needs lm-eval, run: pip install"),
    ],
)
def test_without_lm_eval_task_folders_are_found_and_other_names_say_what_to_install(
    tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    started = (
        "import sys; sys.modules['lm_eval'] = None; from evalwh.__main__ import main; "
        f"sys.argv = ['evalwh', 'tasks', *{words!r}]; main()"
    )
    done = run(sys.executable, "-c", started, cwd=tmp_path)
    assert (done.returncode, said in done.stderr, done.stdout == "") == (code, True, code == 1)

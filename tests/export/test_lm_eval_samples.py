"""Samples files of tasks that aren't lm-eval's: its keys, one line for each scored response."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from evalwh.export.lm_eval_files import write_results
from tests.warehouse.given import Given


def _fields(value: str | None, error: str | None = None) -> list[dict[str, Any]]:
    return [{"field": "response", "value": value, "target": "yes", "error": error}]


def _lines(given: Given, path: Path) -> list[dict[str, Any]]:
    _results, samples = write_results(given.warehouse(), "r1", path, samples=True)
    return [json.loads(line) for line in samples.read_text().splitlines()]


def _sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def test_a_response_has_lm_evals_keys(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run().docs("a")
    cell = given.cell(docs=1)
    request = {
        "messages": [{"role": "user", "content": "Is it?"}],
        "params": {"temperature": 0, "stop": ["\n"], "max_tokens": 5},
    }
    given.generation(cell, "a", request=request, response="yes!")
    given.scored(cell, {"a": [0.5]}).case(cell, "a", fields=_fields("yes!"))
    prompt = '[{"role": "user", "content": "Is it?"}]'
    kwargs = {"temperature": 0, "until": ["\n"], "max_gen_toks": 5}
    assert _lines(given, tmp_path / "run.json") == [
        {
            "doc_id": 0,
            "doc": {"id": "a"},
            "target": "yes",
            "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": kwargs}},
            "resps": [["yes!"]],
            "filtered_resps": ["yes!"],
            "filter": "response",
            "metrics": ["em"],
            "doc_hash": _sha('{\n  "id": "a"\n}'),
            "prompt_hash": _sha(prompt),
            "target_hash": _sha("yes"),
            "em": 0.5,
        }
    ]


def test_each_repeat_has_a_line_and_a_missing_reply_its_reason(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run().docs("a", "b")
    cell = given.cell(docs=2, repeats=2)
    for repeat, response in enumerate(("yes", "no")):
        given.generation(cell, "a", repeat=repeat, response=response)
        given.case(cell, "a", repeat=repeat, fields=_fields(response))
    given.generation(cell, "b", response=None, error="HTTP 500")
    given.case(cell, "b", fields=_fields(None, "HTTP 500"))
    given.scored(cell, {"a": [1.0, 0.0], "b": [None]})
    lines = _lines(given, tmp_path / "run.json")
    assert [
        (line["doc_id"], line["resps"], line["filtered_resps"], line.get("em"), line.get("error"))
        for line in lines
    ] == [
        (0, [["yes"]], ["yes"], 1.0, None),
        (0, [["no"]], ["no"], 0.0, None),
        (1, [[None]], [None], None, "HTTP 500"),
    ]


def test_a_folder_has_the_names_that_lm_eval_gives_files(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run().docs("a")
    given.cell(docs=1, model="openai/gpt-5:mini")
    results, samples = write_results(given.warehouse(), "r1", tmp_path / "logs", samples=True)
    date = results.stem.removeprefix("results_")
    folder = tmp_path / "logs" / "openai__gpt-5__mini"
    assert (results.parent, samples) == (folder, folder / f"samples_d_{date}.jsonl")


def test_the_results_file_has_the_hashes_of_the_samples(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run().docs("a")
    cell = given.cell(docs=1)
    given.generation(cell, "a").case(cell, "a", fields=_fields("hi"))
    (line,) = _lines(given, tmp_path / "run.json")
    hashed = "".join(line[name] for name in ("doc_hash", "prompt_hash", "target_hash"))
    read = json.loads((tmp_path / "run.json").read_text())
    assert read["task_hashes"] == {"d": _sha(hashed)}


def test_the_turns_of_a_doc_come_in_their_order(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run().docs("a")
    cell = given.cell(docs=1)
    for stage, response in (("main", "second"), ("turn_1", "first")):
        given.generation(cell, "a", stage=stage, response=response)
    given.case(cell, "a", fields=_fields("second"))
    (line,) = _lines(given, tmp_path / "run.json")
    assert (line["resps"], line["filtered_resps"], list(line["arguments"])) == (
        [["first"], ["second"]],
        ["second"],
        ["gen_args_0", "gen_args_1"],
    )


def test_filters_come_in_the_order_of_the_task(tmp_path: Path) -> None:
    names = ["strict", "flexible"]
    datasets = [{"dataset": "d", "origin": {}, "fields": [{"name": name} for name in names]}]
    given = Given(tmp_path / "evalwh.duckdb").run(config={"datasets": datasets}).docs("a", "b")
    cell = given.cell(docs=2)
    for doc_id in ("a", "b"):
        fields = [{**_fields("hi")[0], "field": name} for name in names]
        given.generation(cell, doc_id).case(cell, doc_id, fields=fields)
    lines = _lines(given, tmp_path / "run.json")
    assert [(line["filter"], line["doc_id"]) for line in lines] == [
        ("strict", 0),
        ("strict", 1),
        ("flexible", 0),
        ("flexible", 1),
    ]

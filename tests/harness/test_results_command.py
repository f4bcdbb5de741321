"""`evalwh run --output_path` on lm-eval tasks and `evalwh score` afterwards, in a process."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from evalwh.harness import load_tasks
from tests.harness.conftest import TaskFiles
from tests.harness.test_run_command import evalwh


@pytest.mark.slow
def test_a_run_writes_lm_evals_files_and_is_scored_again_without_a_model(
    files: TaskFiles, tmp_path: Path
) -> None:
    path = files.task("add", metadata={"version": 2.0})
    model = _recorded(files, path)

    out = tmp_path / "logs" / "out.json"
    ran = evalwh(tmp_path, "run", *model, "--tasks", path, "--output_path", out, "--log_samples")
    scored = evalwh(tmp_path, "score", "latest")

    results = json.loads(out.read_text())
    (samples,) = out.parent.glob("samples_add_*.jsonl")
    figures = {key: each for key, each in results["results"]["add"].items() if "stderr" not in key}
    table = "tasks · threes\ntask  filter  metric         docs   value    stderr\n"
    assert (ran.returncode, scored.returncode) == (0, 0), ran.stderr + scored.stderr
    assert (
        figures,
        results["config"]["model"],
        results["versions"],
        [json.loads(line)["exact_match"] for line in samples.read_text().splitlines()],
        table in ran.stdout,
        table in scored.stdout,
    ) == (
        {"name": "add", "alias": "add", "sample_len": 3, "exact_match,none": 1 / 3},
        "recorded",
        {"add": 2.0},
        [0.0, 1.0, 0.0],
        True,
        True,
    )


def _recorded(files: TaskFiles, path: Path) -> tuple[str, ...]:
    """The model's options; it replied 3 to everything."""
    (task,) = load_tasks(str(path))
    replies = [
        {"doc_id": doc.doc_id, "prompt_id": "default", "response": "3"} for doc in task.docs("test")
    ]
    (files.folder / "recorded").mkdir()
    lines = "".join(json.dumps(reply) + "\n" for reply in replies)
    (files.folder / "recorded" / "threes.jsonl").write_text(lines)
    return ("--model", "recorded", "--model_name", "threes")


@pytest.mark.slow
def test_the_results_say_how_was_asked_in_lm_evals_words(files: TaskFiles, tmp_path: Path) -> None:
    path = files.task("add")
    model, out = _recorded(files, path), tmp_path / "out.json"
    words = ("--limit", "2", "--batch_size", "8", "--device", "cpu", "--output_path", out)
    sampling = ("--gen_kwargs", "do_sample=True,max_gen_toks=9")

    ran = evalwh(tmp_path, "run", *model, "--tasks", path, *words, *sampling)

    assert ran.returncode == 0, ran.stderr
    results = json.loads(out.read_text())
    about = ("lm_eval_version", "transformers_version", "fewshot_as_multiturn", "n-samples")
    assert (results["config"], [results[name] for name in about]) == (
        {
            "model": "recorded",
            "model_args": {"model": "threes"},
            "batch_size": "8",
            "batch_sizes": [],
            "device": "cpu",
            "use_cache": None,
            "limit": 2,
            "bootstrap_iters": 100_000,
            "gen_kwargs": {"do_sample": True, "max_gen_toks": 9},
            "random_seed": 0,
            "numpy_seed": 1234,
            "torch_seed": 1234,
            "fewshot_seed": 1234,
        },
        [
            version("lm_eval"),
            version("transformers"),
            None,
            {"add": {"original": 3, "effective": 2}},
        ],
    )
    assert results["configs"]["add"]["generation_kwargs"] == {
        "until": ["\n"],
        "do_sample": True,
        "max_gen_toks": 9,
    }

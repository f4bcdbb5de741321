"""lm-eval's `samples_<task>.jsonl` of a run: a line per doc and filter, with lm-eval's keys.

Texts and hashes are made as lm-eval makes them. A doc with a missing reply has a line without
metrics, and the reason under `error`. With repeats that are scored one by one, each has a line.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from evalwh.export.doc_order import places
from evalwh.models.harness_replies import IMPOSSIBLE
from evalwh.records import MAIN
from evalwh.tasks.eval_task import EvalTask
from evalwh.warehouse import Warehouse

Row = Mapping[str, Any]
_LIKELIHOODS = ("loglikelihood", "loglikelihood_rolling")
_NO_ANSWER = "[invalid]"
_NO_ANSWER_SAID = "found no answer"
_OF_CELL = (
    "run_id = $run and model = $model and prompt_id = $prompt and dataset = $dataset"
    " and split = $split"
)
_GENERATIONS = f"""
select generations.doc_id, repeat, stage, request, response, generations.error, versions.doc
from generations
left join doc_versions as versions using (dataset, split, doc_id, doc_hash)
where {_OF_CELL} and role = 'model'
qualify row_number() over (
    partition by generations.doc_id, repeat, stage order by attempt desc, created_at desc
) = 1
order by created_at, generations.doc_id, repeat, stage
"""
_FIELDS = f"""
select doc_id, repeat, field, value, target, error
from fields
where {_OF_CELL}
order by doc_id, repeat, field
"""
_SCORES = f"""
select doc_id, repeat, field, metric, score, items.item
from scores
left join items using (run_id, model, prompt_id, dataset, split, doc_id, field, metric)
where {_OF_CELL}
order by doc_id, repeat, field, metric
"""


class Sampled(NamedTuple):
    """A cell, how its dataset is stored with the run, and its task, unless that is gone."""

    run_id: str
    cell: Row
    dataset: Row
    task: EvalTask | None

    @property
    def values(self) -> dict[str, str]:
        return {
            "run": self.run_id,
            "model": self.cell["model"],
            "prompt": self.cell["prompt_id"],
            "dataset": self.cell["dataset"],
            "split": self.cell["split"],
        }

    @property
    def is_harness(self) -> bool:
        return bool(self.dataset.get("kind") == "harness")

    def filter_place(self, name: str) -> int:
        """Where a field stands among the task's; one that isn't its comes last."""
        names = [spec["name"] for spec in self.dataset.get("fields", ())]
        return names.index(name) if name in names else len(names)


def samples_of(warehouse: Warehouse, sampled: Sampled, gen_kwargs: Row) -> Iterator[dict[str, Any]]:
    """The samples of a cell, filter by filter as the task has them, docs in the dataset's order."""
    generations = warehouse.read(_GENERATIONS, sampled.values).dicts()
    scores = _by_case(warehouse.read(_SCORES, sampled.values).dicts())
    doc_ids = [row["doc_id"] for row in generations]
    place = places(sampled.task, sampled.cell["split"], doc_ids)
    replies, kwargs = _by_doc(generations), _gen_kwargs(sampled, gen_kwargs)
    fields = [
        field
        for field in warehouse.read(_FIELDS, sampled.values).dicts()
        if field["doc_id"] in replies
    ]
    for field in sorted(
        fields, key=lambda row: (sampled.filter_place(row["field"]), place[row["doc_id"]])
    ):
        rows = [
            row
            for row in replies[field["doc_id"]]
            if sampled.is_harness or row["repeat"] == field["repeat"]
        ]
        if rows:
            found = scores.get((field["doc_id"], field["repeat"], field["field"]), [])
            filtered = _filtered(sampled, field, rows)
            yield _sample(place[field["doc_id"]], field, rows, found, filtered, kwargs)


def _by_doc(rows: Sequence[Row]) -> dict[str, list[Row]]:
    by_doc: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_doc[row["doc_id"]].append(row)
    return by_doc


def _by_case(rows: Sequence[Row]) -> dict[tuple[str, int, str], list[Row]]:
    by_case: dict[tuple[str, int, str], list[Row]] = defaultdict(list)
    for row in rows:
        by_case[row["doc_id"], row["repeat"], row["field"]].append(row)
    return by_case


def _gen_kwargs(sampled: Sampled, gen_kwargs: Row) -> Row | None:
    """A task's generation arguments with the run's over them, as lm-eval's Instances have them;
    None where the request itself tells them."""
    config = (sampled.dataset["origin"].get("config") or {}) if sampled.is_harness else {}
    own = config.get("generation_kwargs")
    return None if own is None else {**own, **gen_kwargs}


def _sample(
    place: int,
    field: Row,
    replies: Sequence[Row],
    scores: Sequence[Row],
    filtered: Sequence[Any],
    kwargs: Row | None,
) -> dict[str, Any]:
    doc = json.loads(replies[0]["doc"])
    target = None if field["target"] is None else json.loads(field["target"])
    stages = sorted({row["stage"] for row in replies}, key=_stage_order)
    first = {row["stage"]: row for row in reversed(replies)}
    arguments = [_arguments(json.loads(first[stage]["request"]), kwargs) for stage in stages]
    metrics = {
        row["metric"]: row["score"] if row["item"] is None else json.loads(row["item"])
        for row in scores
        if row["score"] is not None or row["item"] is not None
    }
    return {
        "doc_id": place,
        "doc": doc,
        "target": str(target),
        "arguments": {
            f"gen_args_{number}": {f"arg_{at}": each for at, each in enumerate(asked)}
            for number, asked in enumerate(arguments)
        },
        "resps": [_responses(replies, stage) for stage in stages],
        "filtered_resps": filtered,
        "filter": field["field"],
        "metrics": list(metrics),
        "doc_hash": _hash(json.dumps(doc, indent=2, ensure_ascii=False)),
        "prompt_hash": _hash(str(arguments[0][0])),
        "target_hash": _hash(str(target)),
        **({"error": field["error"]} if _is_missing(field, replies) else {}),
        **metrics,
    }


def _arguments(request: Row, kwargs: Row | None) -> list[Any]:
    """A prompt and its generation arguments, or a context and its continuation."""
    messages = request["messages"]
    texts = [message["content"] for message in messages]
    kind = request.get("kind", "chat")
    if kind in _LIKELIHOODS:
        return texts
    prompt = texts[0] if kind == "completion" else json.dumps(messages, ensure_ascii=False)
    return [prompt, kwargs if kwargs is not None else _harness_names(request.get("params") or {})]


def _harness_names(params: Row) -> dict[str, Any]:
    """Sampling parameters under lm-eval's names."""
    names = {"stop": "until", "max_tokens": "max_gen_toks"}
    return {names.get(name, name): value for name, value in params.items()}


def _responses(replies: Sequence[Row], stage: str) -> list[Any]:
    """The responses to one question, a repeat each; null for one that is missing."""
    asked = sorted((row for row in replies if row["stage"] == stage), key=_repeat)
    return [_response(row) for row in asked]


def _response(row: Row) -> Any:
    if row["response"] is None:
        return None
    kind = _kind(row)
    if kind not in _LIKELIHOODS:
        return row["response"]
    read = json.loads(row["response"])
    logprob = str(float(read["logprob"]))
    return [logprob, str(read.get("is_greedy"))] if kind == "loglikelihood" else logprob


def _kind(row: Row) -> Any:
    return json.loads(row["request"]).get("kind", "chat")


def _filtered(sampled: Sampled, field: Row, replies: Sequence[Row]) -> list[Any]:
    """What a filter gave per question, of a task folder for all turns of a doc together.

    It is lm-eval's own word where a filter found no answer in the replies.
    """
    questions = len({row["stage"] for row in replies}) if sampled.is_harness else 1
    if field["value"] is not None:
        value = json.loads(field["value"])
        is_likelihood = _kind(replies[0]) in _LIKELIHOODS
        return [_as_text(each, is_likelihood) for each in (value if questions > 1 else [value])]
    return [_NO_ANSWER if _found_no_answer(field, replies) else None] * questions


def _is_missing(field: Row, replies: Sequence[Row]) -> bool:
    return field["error"] is not None and not _found_no_answer(field, replies)


def _found_no_answer(field: Row, replies: Sequence[Row]) -> bool:
    is_answered = all(row["response"] is not None for row in replies)
    return is_answered and _NO_ANSWER_SAID in (field["error"] or "")


def _as_text(value: Any, is_likelihood: bool) -> Any:
    if isinstance(value, list):
        return [_as_text(each, is_likelihood) for each in value]
    return str(float(value) if is_likelihood and value == IMPOSSIBLE else value)


def _stage_order(stage: str) -> tuple[bool, int]:
    """Choices and turns by their numbers; the last turn is the main stage."""
    number = stage.rpartition("_")[2]
    return stage == MAIN, int(number) if number.isdigit() else 0


def _repeat(row: Row) -> int:
    return int(row["repeat"])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

"""A warehouse as runs leave it, filled through its journal: what dashboard and exports show.

Two finished runs, two prompts, two models, a JSON and a plain-text dataset in three languages,
with failed requests, truncated and unparsable replies, missing keys and judges that refuse.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import orjson

from evalwh.hashing import content_hash, row_key
from evalwh.warehouse import Warehouse
from evalwh.warehouse.journal import Journal

OLDER, NEWER = "20241120-0930-kite", "20241121-1410-moss"
MODELS = ("openai/gpt-5-mini", "local/smollm2-135m")
PROMPTS = {"terse": "{{ question }}", "stepwise": "Think step by step.\n\n{{ question }}"}
JSON_TASK, TEXT_TASK = "api_test_bot", "technical_support_bot"
HOSTILE = "<script>alert(1)</script> **not bold** [link](https://example.com) | `code`"
DANGEROUS_FORMULA = '=HYPERLINK("http://example.com","click")'
METRICS = {
    JSON_TASK: {
        "method": ("em",),
        "path": ("em",),
        "expected_status_code": ("em",),
        "purpose": ("rougeL", "cosine_similarity", "gpt_similarity"),
    },
    TEXT_TASK: {"response": ("rougeL", "cosine_similarity", "gpt_correctness")},
}
THRESHOLDS = {
    "em": 1.0,
    "rougeL": 0.6,
    "cosine_similarity": 0.5,
    "gpt_similarity": 0.7,
    "gpt_correctness": 1.0,
}
STARTED = datetime(2024, 11, 20, 9, 30)
QUESTIONS = {
    "en": (
        "How do I reset my router to factory settings?",
        "The printer says it is offline although it is connected. What now?",
        "My laptop's battery only charges to 80 percent. Is it broken?",
    ),
    "ko": (
        "공유기를 공장 초기화하려면 어떻게 해야 하나요?",
        "프린터가 연결되어 있는데도 오프라인이라고 나옵니다. 어떻게 해야 하나요?",
        "노트북 배터리가 80%까지만 충전됩니다. 고장인가요?",
    ),
    "ja": (
        "ルーターを工場出荷時の状態に戻すにはどうすればよいですか?",
        "プリンターは接続されているのにオフラインと表示されます。どうすればよいですか?",
        "ノートパソコンのバッテリーが80%までしか充電されません。故障ですか?",
    ),
}
ANSWERS = {
    "en": (
        "Hold the reset button for ten seconds until the light blinks, then wait two minutes.",
        "Remove the printer in the settings, restart the spooler and add it again by its address.",
        "No. The battery saver stops at 80 percent to keep it healthy; you can switch it off.",
    ),
    "ko": (
        "불이 깜박일 때까지 재설정 버튼을 10초 동안 누른 다음 2분간 기다리세요.",
        "설정에서 프린터를 제거하고 스풀러를 다시 시작한 뒤 주소로 다시 추가하세요.",
        "아니요. 배터리 보호 기능이 80%에서 충전을 멈춥니다. 설정에서 끌 수 있습니다.",
    ),
    "ja": (
        "ランプが点滅するまでリセットボタンを10秒間押し、その後2分間お待ちください。",
        "設定でプリンターを削除し、スプーラーを再起動してからアドレスで追加し直してください。",
        "いいえ。バッテリー保護機能が80%で充電を止めています。設定で解除できます。",
    ),
}


class Case(NamedTuple):
    """What came back for a doc: the reply, its fields and their scores."""

    response: str | None
    error: str | None
    finish_reason: str | None
    fields: list[dict[str, Any]]
    scores: list[tuple[str, str, float | None, str | None]]


def fill(path: Path, *, docs: int = 60) -> Warehouse:
    """A warehouse with both runs."""
    warehouse = Warehouse(path)
    with warehouse.journal("given") as journal:
        for run, run_id in enumerate((OLDER, NEWER)):
            _write_run(journal, run, run_id, docs)
    warehouse.fold()
    return warehouse


def write_run_start(
    journal: Journal, run_id: str, *, status: str = "running", message: str | None = None
) -> None:
    """A run with 60 docs planned and nothing answered."""
    at = datetime(2024, 11, 21, 16, 0)
    journal.write("run", _run(run_id, at))
    journal.write("run_event", _event(run_id, status, at, message))
    journal.write("cell", _cell(run_id, MODELS[0], "terse", TEXT_TASK, 60))


def _write_run(journal: Journal, run: int, run_id: str, docs: int) -> None:
    started = STARTED + timedelta(days=run, hours=5 * run)
    journal.write("run", _run(run_id, started))
    journal.write("run_event", _event(run_id, "running", started, None))
    for task in METRICS:
        _write_thresholds(journal, task)
        for number in range(docs):
            journal.write("doc", _doc(task, number))
        for model in MODELS:
            for prompt_id in PROMPTS:
                _write_cell(journal, run, run_id, model, prompt_id, task, docs, started)
    for prompt_id, template in PROMPTS.items():
        journal.write("prompt", _prompt(prompt_id, template))
    journal.write("run_event", _event(run_id, "finished", started + timedelta(minutes=7), None))


def _write_thresholds(journal: Journal, task: str) -> None:
    for field, metrics in METRICS[task].items():
        for metric in metrics:
            journal.write(
                "task_threshold",
                {
                    "dataset": task,
                    "field": field,
                    "metric": metric,
                    "threshold": THRESHOLDS[metric],
                    "set_at": STARTED.isoformat(),
                    "set_by": "task",
                    "reason": None,
                },
            )


def _write_cell(
    journal: Journal,
    run: int,
    run_id: str,
    model: str,
    prompt_id: str,
    task: str,
    docs: int,
    started: datetime,
) -> None:
    cell = _cell(run_id, model, prompt_id, task, docs)
    journal.write("cell", cell)
    for field, metric, measure_key in _measures(task):
        journal.write("measure", _measure(field, metric, measure_key))
        journal.write(
            "scoring",
            {
                "cell_key": cell["cell_key"],
                "measure_key": measure_key,
                "scored_at": started.isoformat(),
            },
        )
    skill = 0.5 + 0.2 * (model == MODELS[0]) + 0.12 * (prompt_id == "stepwise") + 0.08 * run
    for number in range(docs):
        chance = Random(f"{run}{model}{prompt_id}{task}{number}")
        case = _case(task, number, skill, chance, first=model == MODELS[0] and run == 1)
        at = started + timedelta(seconds=number)
        for record in _generations(cell, task, number, model, case, chance, at):
            journal.write("generation", record)
        journal.write("case", _case_record(cell["cell_key"], task, number, case))


def _case(task: str, number: int, skill: float, chance: Random, *, first: bool) -> Case:
    if number == 11:
        return _unanswered(task, number, "503 the server is overloaded; gave up after 5 tries")
    if task == TEXT_TASK:
        return _text_case(number, skill, chance, first=first)
    return _json_case(number, skill, chance)


def _unanswered(task: str, number: int, error: str) -> Case:
    fields = [
        {"field": field, "value": None, "target": _target(task, number, field), "error": error}
        for field in METRICS[task]
    ]
    scores = [(f, m, None, error) for f, metrics in METRICS[task].items() for m in metrics]
    return Case(None, error, None, fields, scores)


def _text_case(number: int, skill: float, chance: Random, *, first: bool) -> Case:
    target = str(_target(TEXT_TASK, number, "response"))
    quality = min(1.0, max(0.05, chance.gauss(skill, 0.22)))
    words = target.split() if " " in target else list(target)
    joiner = " " if " " in target else ""
    text = joiner.join(w for w in words if chance.random() < quality) or "…"
    finish_reason = "stop"
    if number == 7:
        finish_reason, text = "length", text[: len(text) // 2]
    if first and number == 3:
        text = HOSTILE
    if first and number == 4:
        text = DANGEROUS_FORMULA
    refused = "the judge's reply isn't JSON: I'm sorry, but as a careful assistant…"
    correct = (None, refused) if number % 17 == 5 else (float(quality > 0.55), None)
    scores = [
        ("response", "rougeL", round(quality * 0.9, 4), None),
        ("response", "cosine_similarity", round(0.25 + quality * 0.75, 4), None),
        ("response", "gpt_correctness", *correct),
    ]
    field = {"field": "response", "value": text, "target": target, "error": None}
    return Case(text, None, finish_reason, [field], scores)


def _json_case(number: int, skill: float, chance: Random) -> Case:
    if number in (19, 20):
        prose = "Sure! To test this you would send a request and look at what comes back."
        unread = _unanswered(JSON_TASK, number, "no JSON object in the response")
        return unread._replace(response=prose, error=None, finish_reason="stop")
    values = {field: _target(JSON_TASK, number, field) for field in METRICS[JSON_TASK]}
    fields, scores, reply = [], [], {}
    for field, target in values.items():
        right = chance.random() < skill + 0.15
        if number == 23 and field == "expected_status_code":
            error = "the response has no key 'expected_status_code'"
            fields.append({"field": field, "value": None, "target": target, "error": error})
            scores += [(field, metric, None, error) for metric in METRICS[JSON_TASK][field]]
            continue
        value = target if right else _wrong(field, chance)
        reply[field] = value
        fields.append({"field": field, "value": value, "target": target, "error": None})
        for metric in METRICS[JSON_TASK][field]:
            near = 1.0 if right else round(min(0.95, max(0.0, chance.gauss(0.5, 0.2))), 4)
            scores.append((field, metric, float(right) if metric == "em" else near, None))
    text = f"```json\n{orjson.dumps(reply, option=orjson.OPT_INDENT_2).decode()}\n```"
    return Case(text, None, "stop", fields, scores)


def _wrong(field: str, chance: Random) -> Any:
    return {
        "method": chance.choice(["POST", "PUT"]),
        "path": "/v2/orders",
        "expected_status_code": chance.choice([200, "404", 500]),
        "purpose": "Checks that the server answers at all",
    }[field]


def _generations(
    cell: dict[str, Any],
    task: str,
    number: int,
    model: str,
    case: Case,
    chance: Random,
    at: datetime,
) -> Iterator[dict[str, Any]]:
    price = 0.0 if model.startswith("local") else 2.4e-6
    prompt_tokens, completion_tokens = chance.randint(80, 240), chance.randint(20, 120)
    question = _columns(task, number)["question"]
    answered = case.error is None
    record = {
        "cell_key": cell["cell_key"],
        "doc_key": _doc_key(task, number),
        "repeat": 0,
        "stage": "main",
        "role": "model",
        "attempt": 1,
        "asked_model": model,
        "request_hash": content_hash([cell["cell_key"], number]),
        "request": _request(model, str(question)),
        "response": case.response,
        "error": case.error,
        "finish_reason": case.finish_reason,
        "prompt_tokens": prompt_tokens if answered else None,
        "completion_tokens": completion_tokens if answered else None,
        "latency_ms": round(chance.uniform(220, 2400), 1),
        "billed_usd": (prompt_tokens + 4 * completion_tokens) * price if answered else 0.0,
        "cached": False,
        "created_at": at.isoformat(),
    }
    yield record
    for field, metric, score, error in case.scores:
        if metric.startswith("gpt_") and answered and case.response:
            judged = orjson.dumps({"reason": "Says the same in other words.", "score": score})
            reply = "I'm sorry, but as a careful assistant…" if error else judged.decode()
            yield record | {
                "stage": f"{field}:{metric}",
                "role": "judge",
                "asked_model": "openai/gpt-5",
                "response": reply,
                "error": error,
                "finish_reason": "stop",
                "billed_usd": 0.0009,
            }


def _request(model: str, question: str) -> dict[str, Any]:
    return {
        "model": model,
        "base_url": "https://api.example.com/v1",
        "messages": [
            {"role": "system", "content": "You are a patient technician.\nAnswer briefly."},
            {"role": "user", "content": question},
        ],
        "params": {"temperature": 0, "max_tokens": 256},
        "repeat": 0,
    }


def _case_record(cell_key: int, task: str, number: int, case: Case) -> dict[str, Any]:
    return {
        "cell_key": cell_key,
        "doc_key": _doc_key(task, number),
        "repeat": 0,
        "attempt": 1,
        "replaces": False,
        "fields": case.fields,
        "scores": [
            {"measure_key": row_key(field, metric), "score": score, "error": error}
            for field, metric, score, error in case.scores
        ],
    }


def _measures(task: str) -> list[tuple[str, str, int]]:
    return [
        (field, metric, row_key(field, metric))
        for field, metrics in METRICS[task].items()
        for metric in metrics
    ]


def _measure(field: str, metric: str, measure_key: int) -> dict[str, Any]:
    return {
        "measure_key": measure_key,
        "field": field,
        "metric": metric,
        "scorer": {"metric": metric, "version": "1"},
        "higher_is_better": True,
    }


def _run(run_id: str, at: datetime) -> dict[str, Any]:
    return {
        "run_key": row_key(run_id),
        "run_id": run_id,
        "started_at": at.isoformat(),
        "config": {"model": "litellm", "tasks": list(METRICS), "prompts": list(PROMPTS)},
        "tags": {"branch": "main"},
        "evalwh_version": "0.1.0",
    }


def _event(run_id: str, status: str, at: datetime, message: str | None) -> dict[str, Any]:
    return {
        "run_key": row_key(run_id),
        "status": status,
        "happened_at": at.isoformat(),
        "message": message,
    }


def _cell(run_id: str, model: str, prompt_id: str, task: str, docs: int) -> dict[str, Any]:
    return {
        "cell_key": row_key(run_id, model, prompt_id, task),
        "run_key": row_key(run_id),
        "model": model,
        "prompt_id": prompt_id,
        "prompt_hash": content_hash(PROMPTS[prompt_id]),
        "dataset": task,
        "split": "test",
        "docs": docs,
        "repeats": 1,
    }


def _prompt(prompt_id: str, template: str) -> dict[str, Any]:
    return {
        "prompt_key": row_key(prompt_id),
        "prompt_id": prompt_id,
        "prompt_hash": content_hash(template),
        "template": template,
        "seen_at": STARTED.isoformat(),
    }


def _doc_key(task: str, number: int) -> int:
    return row_key(task, number)


def _doc(task: str, number: int) -> dict[str, Any]:
    columns = _columns(task, number)
    return {
        "doc_key": _doc_key(task, number),
        "dataset": task,
        "split": "test",
        "doc_id": columns["id"],
        "doc_hash": content_hash(columns),
        "doc": columns,
        "target": columns["target"],
        "seen_at": STARTED.isoformat(),
    }


def _columns(task: str, number: int) -> dict[str, Any]:
    language = ("en", "ko", "ja")[number % 3]
    if task == TEXT_TASK:
        question = QUESTIONS[language][number // 3 % 3]
        answer = ANSWERS[language][number // 3 % 3]
        return {
            "id": f"tsb-{number:03}",
            "question": question,
            "language": language,
            "target": answer,
        }
    item = ("orders", "users", "invoices", "carts", "주문", "商品")[number % 6]
    target = {
        "method": ("GET", "DELETE")[number % 2],
        "path": f"/v1/{item}/{number}",
        "expected_status_code": (200, 404, 201)[number % 3],
        "purpose": f"Checks that {item} number {number} can be read by its owner",
    }
    question = f"Write a test for reading {item} {number}."
    return {"id": f"atb-{number:03}", "question": question, "target": target}


def _target(task: str, number: int, field: str) -> Any:
    target = _columns(task, number)["target"]
    return target[field] if isinstance(target, dict) else target

"""MTBench: two turns, their parameters, and the ratings of a judge that reads both."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalwh.errors import MetricError, TaskError
from evalwh.metrics.judge import Turn, judgement_reason, parse_judgement, rubric_of
from evalwh.tasks import load_task
from evalwh.warehouse import Warehouse
from tests.benchmarks.conftest import Run, write_jsonl, write_mt_bench
from tests.servers import Fault, status

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "benchmarks"
RATINGS = {"Write.": 7, "Rewrite.": 8.5, "1 + 1?": 10, "And 2 more?": 3}


def answer(body: dict[str, Any]) -> str:
    """As a judge where one is asked; as the evaluated model otherwise."""
    said = str(body["messages"][-1]["content"])
    if "Assistant" not in said:
        return f"reply to {said}"
    last = max(RATINGS, key=said.rfind)
    return f"Because [1] is well said. Rating: [[{RATINGS[last]}]]"


async def test_a_case_is_asked_turn_by_turn_with_the_parameters_of_its_category(
    run: Run, tmp_path: Path
) -> None:
    write_mt_bench(tmp_path / "MTBench")

    server = await run("MTBench", answer, predict_only=True)

    asked = [
        ([message["content"] for message in body["messages"]], body["temperature"])
        for body in server.asked
    ]
    assert sorted(asked, key=str) == [
        (["1 + 1?", "reply to 1 + 1?", "And 2 more?"], 0),
        (["1 + 1?"], 0),
        (["Write.", "reply to Write.", "Rewrite."], 0.7),
        (["Write."], 0.7),
    ]


async def test_each_turn_is_a_field_with_the_rating_of_its_reply(
    run: Run, tmp_path: Path, warehouse: Warehouse
) -> None:
    write_mt_bench(tmp_path / "MTBench")

    await run("MTBench", answer, judge="j", judge_model="openai")

    rows = warehouse.read(
        "select doc_id, field, value, target, score, scores.error from scores "
        "join fields using (run_id, doc_id, repeat, field) order by all"
    ).rows
    assert rows == [
        ("111", "turn_1", '"reply to 1 + 1?"', '"It is 2."', 10, None),
        ("111", "turn_2", '"reply to And 2 more?"', '"It is 4."', 3, None),
        ("81", "turn_1", '"reply to Write."', None, 7, None),
        ("81", "turn_2", '"reply to Rewrite."', None, 8.5, None),
    ]


async def test_a_judge_reads_the_turn_before_and_both_references_for_a_second_turn(
    run: Run, tmp_path: Path
) -> None:
    write_mt_bench(tmp_path / "MTBench")

    server = await run("MTBench", answer, judge="j", judge_model="openai")

    judged = [body for body in server.asked if body["model"] == "j"]
    [second] = [
        body
        for body in judged
        if "### User:\n1 + 1?" in str(body["messages"])
        or "### User:\\n1 + 1?" in str(body["messages"])
    ]
    said = second["messages"][-1]["content"]
    assert said == (
        "<|The Start of Reference Answer|>\n\n"
        "### User:\n1 + 1?\n\n### Reference answer:\nIt is 2.\n\n"
        "### User:\nAnd 2 more?\n\n### Reference answer:\nIt is 4.\n\n"
        "<|The End of Reference Answer|>\n\n\n"
        "<|The Start of Assistant A's Conversation with User|>\n\n"
        "### User:\n1 + 1?\n\n### Assistant A:\nreply to 1 + 1?\n\n"
        "### User:\nAnd 2 more?\n\n### Assistant A:\nreply to And 2 more?\n\n"
        "<|The End of Assistant A's Conversation with User|>"
    )


async def test_a_second_turn_is_asked_only_after_a_reply_to_the_first_and_resumed_alone(
    run: Run, tmp_path: Path, warehouse: Warehouse
) -> None:
    write_mt_bench(tmp_path / "MTBench")

    failed_once: set[str] = set()

    def fault_of(body: dict[str, Any]) -> Fault | None:
        last = body["messages"][-1]["content"]
        if last not in ("Write.", "And 2 more?") or last in failed_once:
            return None
        failed_once.add(last)
        return status(400)

    server = await run("MTBench", answer, predict_only=True, fault_of=fault_of, then_resume=True)

    asked = [len(body["messages"]) for body in server.asked]
    stored = warehouse.read(
        "select doc_id, stage, attempt, error is null from generations order by all"
    ).rows
    assert (asked, stored) == (
        [1, 1, 3, 1, 3, 3],
        [
            ("111", "main", 1, False),
            ("111", "main", 2, True),
            ("111", "turn_1", 1, True),
            ("81", "main", 1, True),
            ("81", "turn_1", 1, False),
            ("81", "turn_1", 2, True),
        ],
    )


@pytest.mark.parametrize(
    ("reply", "rating"),
    [
        ("Good. Rating: [[7]]", 7),
        ("[[10]]", 10),
        ("Rating: [[8.5]] and again [[8.5]]", 8.5),
        ("See [1]. Rating: [[2]]", 2),
        ("Rating: [6]", 6),
    ],
)
def test_a_rating_stands_in_double_brackets(reply: str, rating: float) -> None:
    assert parse_judgement("mt_bench_rating", reply) == rating


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("I rate it 7.", "the judge gave no rating such as [[5]]"),
        ("[[rating]]", "the judge gave no rating such as [[5]]"),
        ("[[0]]", "the judge's rating is 0, not from 1 to 10"),
        ("[[11]]", "the judge's rating is 11, not from 1 to 10"),
        ("[[5]] or rather [[6]]", "the judge gave more than one rating"),
        ("", "the judge gave no rating such as [[5]]"),
    ],
)
def test_a_reply_without_one_rating_in_range_is_refused(reply: str, reason: str) -> None:
    with pytest.raises(MetricError) as refused:
        parse_judgement("mt_bench_rating", reply)
    assert str(refused.value) == f"mt_bench_rating: {reason}"


def test_a_reply_that_was_of_no_use_is_asked_for_again_with_the_reason() -> None:
    turns = [Turn("q", "a", None)]
    first = rubric_of("mt_bench_rating").messages(turns, 1, None)
    again = rubric_of("mt_bench_rating").messages(turns, 2, "it is 11.")
    assert str(again[1]["content"]).removeprefix(str(first[1]["content"])) == (
        "\n\n\nThis is attempt 2. Your last reply could not be used: it is 11. End with your "
        'rating from 1 to 10 as "Rating: [[5]]".'
    )


@pytest.mark.parametrize(
    ("name", "turns", "referenced"),
    [
        ("single-v1", 1, False),
        ("single-math-v1", 1, True),
        ("single-v1-multi-turn", 2, False),
        ("single-math-v1-multi-turn", 2, True),
    ],
)
def test_what_is_judged_is_laid_out_as_in_mt_benchs_prompts(
    name: str, turns: int, referenced: bool
) -> None:
    path = FIXTURES / "mt_bench_judge_prompts.jsonl"
    if not path.exists():
        pytest.skip("no copy of MT-Bench here")
    prompts = {each["name"]: each for each in map(json.loads, path.read_text().splitlines())}
    said = [Turn(f"q{at}", f"a{at}", f"r{at}" if referenced else None) for at in (1, 2)][:turns]
    numbered = {
        f"{word}_{at}": f"{word[0]}{at}" for word in ("question", "answer") for at in (1, 2)
    }
    references = {f"ref_answer_{at}": f"r{at}" for at in (1, 2)}
    filled = prompts[name]["prompt_template"].format(
        question="q1", answer="a1", **numbered, **references
    )
    ours = str(rubric_of("mt_bench_rating").messages(said, 1, None)[1]["content"])
    assert ours.split("[Question]")[-1] == filled.split("[Question]")[-1]


def test_the_reason_of_a_rating_is_all_that_the_judge_said() -> None:
    assert judgement_reason("Well said.\nRating: [[8]]\n") == "Well said.\nRating: [[8]]"


def test_a_question_that_needs_a_reference_and_has_none_is_refused(tmp_path: Path) -> None:
    write_mt_bench(tmp_path)
    (tmp_path / "reference_answer" / "gpt-4.jsonl").unlink()
    task = load_task("MTBench", data_dir=tmp_path)
    with pytest.raises(
        TaskError, match=r"no 'reference' for question_id 111; it comes from .* in --da"
    ):
        list(task.docs("test"))


def test_references_may_be_a_column_of_the_questions(tmp_path: Path) -> None:
    question = {"question_id": 1, "category": "math", "turns": ["a", "b"], "reference": ["x", "y"]}
    write_jsonl(tmp_path / "question.jsonl", [question])
    [doc] = load_task("MTBench", data_dir=tmp_path).docs("test")
    assert doc.target == {"turn_1": "x", "turn_2": "y"}


def test_the_hubs_columns_are_read_as_the_questions_files(tmp_path: Path) -> None:
    row = {"prompt_id": 1, "category": "math", "prompt": ["a", "b"], "reference": ["x", "y"]}
    write_jsonl(tmp_path / "question.jsonl", [row])
    [doc] = load_task("MTBench", data_dir=tmp_path).docs("test")
    assert (doc.doc_id, doc.columns["turns"]) == ("1", ["a", "b"])


def test_the_real_questions_have_references_where_there_is_one_right_answer() -> None:
    if not (FIXTURES / "mt_bench_question.jsonl").exists():
        pytest.skip("no copy of MT-Bench here")
    docs = list(load_task("MTBench", data_dir=FIXTURES).docs("test"))
    referenced = {str(doc.columns["category"]) for doc in docs if doc.target}
    assert (len(docs), sorted(referenced)) == (80, ["coding", "math", "reasoning"])
    assert json.dumps(docs[0].target) == "null"


SINGLE = {"system_prompt": "Help.", "prompt_template": "Q {question} A {answer}"}
MATH = {"system_prompt": "Help.", "prompt_template": "Q {question} R {ref_answer_1} A {answer}"}
TURNS = {
    "system_prompt": "Judge.",
    "prompt_template": "Q {question_1} A {answer_1} Q {question_2} A {answer_2}",
}
MATH_TURNS = {
    "system_prompt": "Judge.",
    "prompt_template": "R {ref_answer_1} R {ref_answer_2} Q {question_2} A {answer_2}",
}
JUDGE_PROMPTS = [
    {"name": "pair-v2", "prompt_template": "{answer_a}"},
    {"name": "single-v1", **SINGLE},
    {"name": "single-math-v1", **MATH},
    {"name": "single-v1-multi-turn", **TURNS},
    {"name": "single-math-v1-multi-turn", **MATH_TURNS},
]


async def test_a_judge_is_told_fastchats_words_where_its_file_is_there(
    run: Run, tmp_path: Path, warehouse: Warehouse
) -> None:
    write_mt_bench(tmp_path / "MTBench")
    write_jsonl(tmp_path / "MTBench" / "judge_prompts.jsonl", JUDGE_PROMPTS)

    def judged(body: dict[str, Any]) -> str:
        return "[[7]]" if body["model"] == "j" else f"re {body['messages'][-1]['content']}"

    server = await run("MTBench", judged, judge="j", judge_model="openai")

    told = [
        tuple(message["content"] for message in body["messages"])
        for body in server.asked
        if body["model"] == "j"
    ]
    scores = warehouse.read("select distinct score from scores").rows
    assert (sorted(told), scores) == (
        [
            ("Help.", "Q 1 + 1? R It is 2. A re 1 + 1?"),
            ("Help.", "Q Write. A re Write."),
            ("Judge.", "Q Write. A re Write. Q Rewrite. A re Rewrite."),
            ("Judge.", "R It is 2. R It is 4. Q And 2 more? A re And 2 more?"),
        ],
        [(7.0,)],
    )


@pytest.mark.parametrize(
    ("prompts", "error"),
    [
        (
            JUDGE_PROMPTS[:2],
            "judge_prompts has no 'single-v1-multi-turn'; FastChat's judge_prompts.jsonl has it",
        ),
        (
            [*JUDGE_PROMPTS[:1], {"name": "single-v1", "prompt_template": "{what}"}],
            "judge_prompts: 'single-v1' asks for 'what', which isn't known",
        ),
    ],
)
async def test_judge_prompts_that_cannot_be_asked_are_refused_before_anything_is(
    run: Run, tmp_path: Path, prompts: list[dict[str, str]], error: str
) -> None:
    write_mt_bench(tmp_path / "MTBench")
    write_jsonl(tmp_path / "MTBench" / "judge_prompts.jsonl", prompts)
    with pytest.raises(MetricError) as caught:
        await run("MTBench", answer)
    assert str(caught.value) == f"field 'turn_1': mt_bench_rating: {error}"


@pytest.mark.skipif(not FIXTURES.exists(), reason="needs the copies of the benchmarks' data")
def test_the_real_judge_prompts_have_the_places_that_are_filled() -> None:
    lines = (FIXTURES / "mt_bench_judge_prompts.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    turns = [Turn("q1", "a1", "r1"), Turn("q2", "a2", "r2")]
    rating = rubric_of("mt_bench_rating", {"judge_prompts": rows})
    by_name = {row["name"]: row["prompt_template"] for row in rows}
    asked = [rating.messages(turns[:count], 1, None)[1]["content"] for count in (1, 2)]
    assert asked == [
        by_name["single-math-v1"].format(question="q1", ref_answer_1="r1", answer="a1"),
        by_name["single-math-v1-multi-turn"].format(
            question_1="q1",
            question_2="q2",
            answer_1="a1",
            answer_2="a2",
            ref_answer_1="r1",
            ref_answer_2="r2",
        ),
    ]

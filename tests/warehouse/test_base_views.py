"""The views of single facts: names in the place of keys, the newest in force."""

from datetime import timedelta

from tests.warehouse.given import START, Given, day

_A_DAY = timedelta(days=1)


def test_status_of_a_run_is_that_of_its_newest_event(given: Given) -> None:
    given.run().event("running").event("stopped", day=1, message="budget reached")
    rows = given.warehouse().read("select status, finished_at, message from runs").rows
    assert rows == [("stopped", START + _A_DAY, "budget reached")]


def test_a_running_run_has_no_finish(given: Given) -> None:
    given.run().event("running").run("r2")
    rows = given.warehouse().read("select run_id, status, finished_at from runs order by 1").rows
    assert rows == [("r1", "running", None), ("r2", None, None)]


def test_docs_have_their_newest_content_and_doc_versions_all(given: Given) -> None:
    given.docs("a")
    newer = dict(given.records[-1][1], doc_key=1, doc_hash="sha256:b", seen_at=str(day(1)))
    given.records.append(("doc", newer))
    warehouse = given.warehouse()
    hashes = [warehouse.read(f"select doc_hash from {v}").rows for v in ("docs", "doc_versions")]
    assert (hashes[0], len(hashes[1])) == ([("sha256:b",)], 2)


def test_generations_fields_and_scores_carry_the_names_of_their_cell(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    given.generation(cell, "a").scored(cell, {"a": [1.0]})
    given.case(cell, "a", fields=[{"field": "f", "value": 1, "target": 1, "error": None}])
    warehouse = given.warehouse()
    names = "run_id, model, prompt_id, dataset, split, doc_id, repeat"
    rows = [
        warehouse.read(f"select {names} from {v}").rows for v in ("generations", "fields", "scores")
    ]
    assert rows == [[("r1", "m", "p", "d", "test", "a", 0)]] * 3


def test_scores_without_a_metrics_name_are_of_no_metric(given: Given) -> None:
    cell = given.run().docs("a").cell(docs=1)
    given.scored(cell, {"a": [1.0]}, metric="em").scored(cell, {"a": [0.0]}, metric="unnamed")
    [unnamed] = [row for _kind, row in given.records if row.get("metric") == "unnamed"]
    unnamed["metric"] = None
    warehouse = given.warehouse()
    rows = [
        warehouse.read(f"select metric from {view}").rows
        for view in ("leaderboard", "aggregates", "scores", "verdicts")
    ]
    assert rows == [[("em",)]] * 4


def test_prices_and_thresholds_keep_every_row_and_one_is_in_force(given: Given) -> None:
    given.threshold(0.5).threshold(0.6, day=1).price(1.0, 2.0).price(None, None, day=1)
    warehouse = given.warehouse()
    counts = [
        warehouse.read(f"select count(*) from {view}").rows[0][0]
        for view in ("thresholds", "thresholds_in_force", "prices", "prices_in_force")
    ]
    assert counts == [2, 1, 2, 1]

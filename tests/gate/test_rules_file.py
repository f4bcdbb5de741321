"""Rules files: what one may hold, and the one line that is said of a mistake."""

from pathlib import Path

import pytest

from evalwh.errors import GateError
from evalwh.gate.rules import EXAMPLE, Rule, read_rules


def _said(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GateError) as caught:
        read_rules(path)
    return str(caught.value).removeprefix(f"{path.parent}/")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("name: passes, pas_rate: 0.9", "unknown key 'pas_rate'; did you mean 'pass_rate'?"),
        ("name: passes, pass_rate: 90", "'pass_rate': must be from 0 to 1, not 90; write 0.9"),
        ("name: passes, pass_rate: high", "'pass_rate': must be a number, not 'high'"),
        ("name: passes, pass_rate: .nan", "'pass_rate': must be a number from 0, not nan"),
        ("name: passes, pass_rate: true", "'pass_rate': must be a number, not True"),
        ("name: passes, max_usd: -1", "'max_usd': must be a number from 0, not -1"),
        ("name: passes, value: null", "'value': must be a number, not None"),
        ("name: passes, no_regression: false", "'no_regression': must be true, not False; leave"),
        ("name: passes, max_drop: 0, max_missing: 0.5", "'max_missing': must be a whole number"),
        ("name: passes", "demands nothing; there is doc_pass_rate, max_drop"),
        ("name: passes, value: 1, pass_rate: 1", "demands pass_rate and value; make each a rule"),
        ("name: passes, value: 1, lower_bound: true", "'lower_bound' has no meaning for 'value'"),
        ("name: passes, mean: 0.5", "unknown key 'mean'; did you mean 'value'?"),
        ("name: passes, value: 30 BLEU", "'value': must be a number, not '30 BLEU'"),
        ("name: passes, value: .inf", "'value': must be a number, not inf"),
        ("name: passes, value: 1, group: g, dataset: d", "'dataset' has no meaning beside 'group'"),
        (
            "name: passes, max_drop: 1, group: g, max_edited: 1",
            "'max_edited' has no meaning beside",
        ),
        ("name: passes, value: 1, max_missing_tasks: 1", "'max_missing_tasks' has no meaning with"),
        ("name: passes, value: 1, group: []", "'group': must be a name or a list of names, not []"),
        (
            "name: passes, pass_rate: 1, group: g",
            "'group' has no meaning for 'pass_rate'; leave it",
        ),
        (
            "name: passes, value: 1, group: g, max_missing: x",
            "'max_missing': must be a whole number",
        ),
        ("name: passes, max_usd: 1, field: path", "'field' has no meaning for 'max_usd'"),
        ("name: passes, max_usd: 1, role: juge", "'role': no role 'juge'; did you mean 'judge'?"),
        ("name: passes, value: 1, field: []", "'field': must be a name or a list of names, not []"),
        ("name: passes, protected: {colum: a}", "'protected': must be a list of doc ids, {file"),
        ("name: passes, protected: {column: a, is: b}", "'protected': unknown key 'is'"),
        ("name: passes, protected: []", "'protected': must be a name or a list of names"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_rule(tmp_path: Path, rule: str, said: str) -> None:
    text = f"rules:\n  - nothing_missing: true\n  - {{{rule}}}\n"
    assert _said(tmp_path / "rules.yaml", text).startswith(f"rules.yaml: rule 2 ('passes'): {said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "rules.yaml: must hold a list 'rules:'; see evalwh gate --example"),
        ("- pass_rate: 1", "rules.yaml: must hold a list 'rules:'; see evalwh gate --example"),
        ("rules: []", "rules.yaml: 'rules' is empty, so that anything would pass"),
        ("rules: [1]", "rules.yaml: rule 1: must hold 'key: value' lines, not 1"),
        ("rules:\n  - [", "rules.yaml:2:6: not YAML: expected the node content, but found"),
        ("rules: [{value: 1}]\nrule: 1", "rules.yaml: unknown key 'rule'; did you mean 'rules'?"),
        ("rules:\n  - value: 1\n    value: 0", "rules.yaml:3: 'value' stands twice in one rule"),
        ("rules: [{value: 1, value: 0}]", "rules.yaml:1: 'value' stands twice in one rule"),
        ("rules: [{value: 1, name: 3}]", "rules.yaml: rule 1: 'name' must be text, not 3"),
        ("rules: [{protected: {file: a.txt}}]", "a.txt: can't be read: No such file or directory"),
    ],
)
def test_a_file_that_holds_no_rules_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    assert _said(tmp_path / "rules.yaml", text).startswith(said)


def test_a_rule_has_its_demand_options_and_selectors(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("rules: [{name: good, pass_rate: 1, lower_bound: true, field: [a, 2]}]")
    assert read_rules(file) == [
        Rule(file, 1, "good", "pass_rate", 1.0, {"lower_bound": True}, {"field": ["a", "2"]})
    ]


def test_every_rule_of_the_example_is_valid_as_it_stands_and_uncommented(tmp_path: Path) -> None:
    text = EXAMPLE.read_text()
    (tmp_path / "golden.txt").write_text("a\n")
    head, rules = text.split("rules:\n")
    whole = tmp_path / "whole.yaml"
    whole.write_text(f"{head}rules:\n{_uncommented(rules)}")
    demands = {rule.demand for rule in read_rules(whole)}
    assert ([rule.demand for rule in read_rules(EXAMPLE)], sorted(demands)) == (
        ["nothing_missing", "doc_pass_rate"],
        [
            *("doc_pass_rate", "max_drop", "max_latency_ms_p95", "max_usd"),
            *("max_usd_per_passed_doc", "no_regression", "nothing_missing", "pass_rate"),
            *("protected", "value"),
        ],
    )


def _uncommented(rules: str) -> str:
    """The example's rules, those in comments too; prose stays a comment."""
    lines = rules.splitlines()
    return "\n".join(
        "  " + line[2:] if line.startswith(("# - ", "#   ")) and ":" in line else line
        for line in lines
    )

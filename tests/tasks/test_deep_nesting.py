"""What is nested too deep is one line that names the file, wherever it stands."""

import pytest

from evalwh.errors import TaskError
from evalwh.tasks import load_docs


def _error(folder, files):
    with pytest.raises(TaskError) as caught:
        list(load_docs(folder.load(files)))
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{folder.root}/")


def _lists(levels):
    return "[" * levels + "]" * levels


@pytest.mark.parametrize("levels", [101, 300, 900, 5_000])
def test_a_deep_doc_is_an_error_with_its_line(folder, levels):
    error = _error(folder, {"test.jsonl": f'{{"question": {_lists(levels)}}}\n'})
    assert error.startswith("test.jsonl:1:")


@pytest.mark.parametrize("levels", [101, 900, 100_000])
def test_a_deep_cell_with_a_target_is_an_error_with_its_line(folder, levels):
    cell = '{""a"": ' + _lists(levels) + "}"
    files = {
        "test.jsonl": None,
        "test.csv": f'question,target\nq,"{cell}"\n',
        "metric_output_info.json": '{"a": ["em"]}',
    }
    assert _error(folder, files) == (
        "test.csv:2: column 'target': not a JSON object: nested more than 100 levels deep"
    )


@pytest.mark.parametrize("levels", [101, 900, 100_000])
def test_deep_metrics_are_an_error(folder, levels):
    error = _error(folder, {"metric_output_info.json": f'{{"default": {_lists(levels)}}}'})
    assert error == "metric_output_info.json: nested more than 100 levels deep"


@pytest.mark.parametrize("levels", [101, 900, 5_000])
def test_deep_settings_are_an_error(folder, levels):
    error = _error(folder, {"task.yaml": f"params: {{stop: {_lists(levels)}}}\n"})
    assert error in (
        "task.yaml:1: 'params': nested more than 100 levels deep",
        "task.yaml: nested too deep to be read",
    )


def test_settings_that_hold_themselves_are_an_error(folder):
    error = _error(folder, {"task.yaml": "params: {stop: &a [*a]}\n"})
    assert error == "task.yaml:1: 'params': nested more than 100 levels deep"


def test_a_doc_of_a_hundred_levels_is_read(folder):
    task = folder.load({"test.jsonl": f'{{"question": {_lists(99)}}}\n'})
    assert len(list(load_docs(task))) == 1

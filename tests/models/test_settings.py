"""What decides a model's replies is in its settings, and so in the identity of its requests."""

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evalwh.models import create_model
from evalwh.models.settings import deciding, path_settings
from evalwh.records import Json

URL = "http://h/v1"
Arguments = dict[str, Json]


def settings_of(kind: str, name: str | None, arguments: Arguments) -> Arguments:
    return dict(create_model(kind, name, arguments).settings)


def write_model(folder: Path, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


@pytest.mark.parametrize(
    ("kind", "name", "arguments"),
    [
        ("openai", "m", {"base_url": URL, "organization": "o", "timeout": 5}),
        ("litellm", "openai/m", {"api_base": URL, "num_concurrent": 4, "organization": "o"}),
        ("hf", "org/name", {"device": "cpu", "batch_size": 8}),
        ("hf", None, {"pretrained": "org/name"}),
        ("local-completions", None, {"model": "m", "base_url": URL, "max_retries": 3}),
    ],
)
def test_a_plain_model_has_none_so_that_its_requests_stay_what_they_were(
    kind: str, name: str | None, arguments: Arguments
) -> None:
    assert settings_of(kind, name, arguments) == {}


@pytest.mark.parametrize(
    ("kind", "name", "one", "other"),
    [
        ("openai", "m", {"headers": {"X-Adapter": "a"}}, {"headers": {"X-Adapter": "b"}}),
        ("litellm", "openai/m", {"extra_body": {"adapter": "a"}}, {"extra_body": {"adapter": "b"}}),
        ("litellm", "openai/m", {"extra_headers": {"X-A": "a"}}, {"extra_headers": {"X-A": "b"}}),
        ("litellm", "azure/m", {"api_version": "1"}, {"api_version": "2"}),
        ("local-chat-completions", "m", {"header": {"X-A": "a"}}, {"header": {"X-A": "b"}}),
        ("local-completions", "m", {"header": {"X-A": "a"}}, {"header": {"X-A": "b"}}),
        ("local-completions", "m", {"model": "one"}, {"model": "two"}),
        ("hf", "m", {"pretrained": "org/one"}, {"pretrained": "org/two"}),
        ("hf", "m", {"peft": "org/one"}, {"peft": "org/two"}),
        ("hf", "m", {"apply_chat_template": False}, {}),
    ],
)
def test_an_argument_that_decides_the_reply_is_told(
    kind: str, name: str, one: Arguments, other: Arguments
) -> None:
    place: Arguments = {} if kind == "hf" else {"base_url": URL}

    assert settings_of(kind, name, place | one) != settings_of(kind, name, place | other)


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_an_address_that_litellm_takes_from_the_environment_is_told(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://me:secret@h/v1")

    addresses = [create_model("litellm", name, {}).base_url for name in ("openai/m", "groq/m")]

    assert addresses == [URL, None]


@pytest.mark.skipif(
    importlib.util.find_spec("bespokelabs") is None, reason="needs bespokelabs-curator"
)
def test_curator_has_those_of_litellm() -> None:
    arguments: Arguments = {"api_base": URL, "extra_body": {"adapter": "a"}, "batch_size": 4}

    curator = settings_of("curator", "openai/m", arguments)

    assert curator == settings_of("litellm", "openai/m", arguments) != {}


def test_a_secret_neither_is_in_them_nor_changes_them() -> None:
    def told(key: str) -> Arguments:
        login: Arguments = {"Authorization": f"Bearer {key}", "X-Auth": key, "Cookie": f"id={key}"}
        body: Arguments = {"adapter": "a", "nested": {"api_key": key, "url": f"http://u:{key}@h"}}
        return deciding({"headers": login | {"X-A": "a"}, "extra_body": body, "api_key": key})

    first, second = told("first-secret-of-all"), told("second-secret-of-all")

    assert (first == second, [*first], "secret" in str(first)) == (
        True,
        ["headers", "extra_body"],
        False,
    )


def test_weights_of_one_name_are_told_apart(tmp_path: Path) -> None:
    one, other = (write_model(tmp_path / name / "m", name.encode()) for name in ("one", "other"))

    settings = [settings_of("hf", "x", {"pretrained": str(folder)}) for folder in (one, other)]

    assert settings[0] != settings[1]


def test_a_relative_path_is_the_absolute_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_model(tmp_path / "m")
    monkeypatch.chdir(tmp_path)

    assert path_settings("./m") == path_settings(str(folder)) != path_settings("m/config.json")


def _write_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"strengt")


def _write_late(folder: Path) -> None:
    """The same size, and the time of change of what was there."""
    weights = folder / "model.safetensors"
    stat = weights.stat()
    weights.write_bytes(b"weighty")
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _write_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")


@pytest.mark.parametrize("change", [_write_weights, _write_late, _write_tokenizer])
def test_a_changed_file_of_a_model_is_another_model(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    folder = write_model(tmp_path / "m")
    before = path_settings(str(folder))

    change(folder)

    assert path_settings(str(folder)) != before


def test_results_beside_the_weights_and_their_time_are_no_part_of_a_model(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    before = path_settings(str(folder))

    (folder / "results_2026.json").write_text("{}")
    os.utime(folder / "model.safetensors", (1, 1))

    assert path_settings(str(folder)) == before


def test_a_large_file_is_told_by_its_size_and_time_of_change(tmp_path: Path) -> None:
    gguf = tmp_path / "m.gguf"
    with gguf.open("wb") as file:
        file.truncate(20_000_000)
    before = path_settings(str(gguf))

    os.utime(gguf, (1, 1))

    assert path_settings(str(gguf)) != before


@pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is None, reason="needs xllamacpp")
def test_two_local_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    one, other = tmp_path / "one" / "m.gguf", tmp_path / "other" / "m.gguf"
    for path in (one, other):
        path.parent.mkdir()
        path.write_bytes(b"GGUF" + path.parent.name.encode())

    models = [create_model("local", None, {"gguf": str(path)}) for path in (one, other)]

    assert models[0].name == models[1].name
    assert models[0].settings != models[1].settings


def test_a_copy_that_took_the_place_of_the_weights_is_told_by_its_content(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    before = path_settings(str(folder))

    shutil.copytree(folder, tmp_path / "copy")
    shutil.rmtree(folder)
    (tmp_path / "copy").rename(folder)

    assert path_settings(str(folder)) == before

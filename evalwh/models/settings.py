"""What of `--model_args` decides a model's replies, as it is hashed and stored with a request.

Holds no secret. What says how a model is reached or run, its adapter leaves out.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from evalwh.hashing import content_hash, file_hash
from evalwh.records import Json
from evalwh.secrets import is_opaque, split_secrets, without_secrets

_FILES = frozenset(
    {"pretrained", "model", "tokenizer", "peft", "delta", "gguf", "speculative_model"}
)
_ENDS_OF_FILES = ("_path", "_file", "_dir", "_model")
_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".h5", ".msgpack", ".nemo")
_ENGINES = (".onnx", ".data", ".engine", ".xml", ".plan", ".model", ".tiktoken", ".jinja", ".py")
_CONFIGS = ("config", "tokenizer", "vocab", "special_tokens", "added_tokens", "chat_template")
_MORE_CONFIGS = ("merges.txt", "index.json", "processor_config.json", "generation_config.json")
_WHOLE_BYTES = 16_000_000
"""Larger files are weights: hashing them would take as long as loading them."""


def deciding(arguments: Mapping[str, Json], *, apart_from: Collection[str] = ()) -> dict[str, Json]:
    """The `arguments` that decide a reply, without those `apart_from` them.

    A file or folder of this machine is told by its absolute path and what it holds. Headers and an
    extra body, whose values may all be secret, are told by a hash of what no secret is in.
    """
    public = split_secrets(arguments).public
    told = {
        name: _told(name, value, public[name])
        for name, value in arguments.items()
        if name in public and name not in apart_from and value is not None
    }
    return {name: value for name, value in told.items() if value is not None}


def path_settings(value: str) -> Json:
    """Where a file or folder of a model is and what it holds; None where `value` is no path.

    A file of up to 16 MB is told by its content, a larger one by its size and time of change.
    """
    try:
        path = Path(value).resolve(strict=True)
        held = [_file(each, path) for each in _files_of(path)]
    except (OSError, ValueError):
        return None
    return {"path": str(path), "content": content_hash(held)}


def _told(name: str, value: Json, public: Json) -> Json:
    if is_opaque(name):
        open_part = without_secrets(value)
        return content_hash(open_part) if open_part else None
    if isinstance(value, dict):
        return deciding(value)
    may_be_path = name in _FILES or name.endswith(_ENDS_OF_FILES)
    found = path_settings(value) if may_be_path and isinstance(value, str) else None
    return public if found is None else found


def _files_of(path: Path) -> Iterator[Path]:
    """The files of a model in the order of their names; what else lies beside them is none."""
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from (each for each in sorted(path.rglob("*")) if _is_of_model(each))


def _is_of_model(path: Path) -> bool:
    named = path.name.startswith(_CONFIGS) or path.name.endswith(_MORE_CONFIGS)
    return (named or path.suffix in _WEIGHTS + _ENGINES) and path.is_file()


def _file(path: Path, root: Path) -> list[Json]:
    stat = path.stat()
    name = path.relative_to(root).as_posix()
    if stat.st_size <= _WHOLE_BYTES:
        return [name, file_hash(path)]
    return [name, stat.st_size, stat.st_mtime_ns]

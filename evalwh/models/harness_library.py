"""Makes an object of lm-eval's model classes out of `--model_args`, quiet and without telemetry.

`Any` is an `lm_eval.api.model.LM` here. Nothing is imported before a model is opened.
"""

import difflib
import gc
import importlib
import inspect
import logging
import math
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from evalwh.errors import EvalwhError, RequestFailed, UsageError, did_you_mean
from evalwh.models.arguments import address_arg, text_arg
from evalwh.models.chat import one_line
from evalwh.models.harness_names import ENGINES, missing_package
from evalwh.models.token_counts import shipped_encoding
from evalwh.records import Json
from evalwh.secrets import redact

OURS = frozenset(
    {"api_base", "api_key", "api_key_env", "apply_chat_template"}
    | {"max_retries", "num_concurrent", "timeout"}
)
"""Arguments that mean something here, and reach lm-eval in another form or not at all."""
NAME_SLOTS = ("pretrained", "model", "model_id", "engine", "path")
"""What lm-eval's classes call the model's name."""
_PATHS = ("/", "./", "../", "~")
"""How a name begins that is none on the Hugging Face Hub."""
_QUIET = {
    "ACCELERATE_LOG_LEVEL": "error",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_VERBOSITY": "critical",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "VLLM_NO_USAGE_STATS": "1",
}
_NOISY = r"(accelerate|datasets|huggingface_hub|lm_eval|torch|transformers|vllm)(\.|$)"
_NOT_THERE = (
    "is not a local folder and is not a valid model identifier",
    "We couldn't connect to",
    "Repo id must ",
)
"""How transformers says, among advice, that it finds no model of a name."""
_SEED = 1234
"""What lm-eval seeds torch with."""


class Opening(NamedTuple):
    """What a model is made of: `arguments` are `--model_args`, `name` fills the model's slot."""

    kind: str
    name: str | None
    arguments: Mapping[str, Json]
    timeout_s: float
    secrets: tuple[str, ...]


def name_in(model_args: Mapping[str, Json]) -> str | None:
    """The model's name in `--model_args`, whatever its class calls it."""
    return text_arg(model_args, *NAME_SLOTS)


def require_folder(model_name: str | None, model_args: Mapping[str, Json]) -> None:
    """UsageError where the model's name is a path, and nothing is there; `~` isn't expanded."""
    name = name_in(model_args) or model_name
    if name and name.startswith(_PATHS) and not Path(name).exists():
        slot = next((slot for slot in NAME_SLOTS if text_arg(model_args, slot)), None)
        option = f"--model_args {slot}=" if slot else "--model_name "
        way_out = "give a folder that is there, or a name on the Hugging Face Hub"
        raise UsageError(f"{option}{name}: no such folder; {way_out}")


def endpoint_in(kind: str, model_args: Mapping[str, Json]) -> str | None:
    """The address to ask, with the path that lm-eval wants in it. Raises UsageError."""
    given = text_arg(model_args, "base_url", "api_base")
    if given is None:
        return None
    parts = urlsplit(address_arg(given))
    if kind.endswith("-completions") and parts.path.rstrip("/").endswith("/v1"):
        return urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/completions"))
    return given


def open_model(opening: Opening) -> Any:
    """The model, loaded; takes as long as its weights take. Raises RequestFailed in one line."""
    try:
        model_class = _class_of(opening.kind)
        if opening.kind == "openai-completions":
            shipped_encoding(name_in(opening.arguments) or opening.name or "")
        model = model_class(**_constructor_arguments(model_class, opening))
        _give_key(model, opening)
    except EvalwhError as error:
        raise RequestFailed(str(error), fatal=True) from error
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        missing = missing_package(opening.kind, module, module) if module else None
        raise RequestFailed(str(missing or one_line(str(error), 300)), fatal=True) from error
    except Exception as error:  # a model's code raises anything
        raise _cannot_open(opening, error) from error
    return model


def release_memory() -> None:
    """Give back what models hold that nobody refers to any more, on a GPU above all."""
    gc.collect()  # a model and the cache that it tells its answers refer to one another
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _class_of(kind: str) -> Any:
    be_quiet()
    importlib.import_module("lm_eval.models")
    registry = importlib.import_module("lm_eval.api.registry")
    model_class = registry.get_model(kind)
    _silence(model_class)
    if "transformers" in sys.modules:
        importlib.import_module("transformers.utils.logging").disable_progress_bar()
    return model_class


def be_quiet() -> None:
    """Keep libraries from telemetry, progress bars and advice; to be called before their import."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", module=_NOISY)
    if "LOGLEVEL" not in os.environ:
        for name in ("accelerate", "huggingface_hub", "lm_eval", "transformers"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _silence(model_class: Any) -> None:
    """Keep lm-eval's own modules from printing to stdout and from drawing progress bars."""
    own = {base.__module__ for base in model_class.__mro__ if base.__module__.startswith("lm_eval")}
    for module in (sys.modules[name] for name in own):
        vars(module)["print"] = _say_nothing
        if "tqdm" in vars(module):
            vars(module)["tqdm"] = _no_bar


def _say_nothing(*_arguments: Any, **_options: Any) -> None:
    """Stands in for `print`, by which lm-eval tells what batch size it tries."""


def _no_bar(*arguments: Any, **options: Any) -> Any:
    """A tqdm that draws nothing, whatever it is told."""
    return importlib.import_module("tqdm").tqdm(*arguments, **{**options, "disable": True})


def _constructor_arguments(model_class: Any, opening: Opening) -> dict[str, Json]:
    names, takes_more = _parameters(model_class)
    arguments = {key: value for key, value in opening.arguments.items() if key not in OURS}
    _check_known(opening.kind, arguments, names, takes_more=takes_more)
    slot = next((name for name in NAME_SLOTS if name in names), None)
    if slot and name_in(arguments) is None:
        if opening.name is None:
            hint = _misspelt(slot, arguments)
            raise UsageError(f"--model {opening.kind} needs --model_args {slot}=NAME{hint}")
        arguments[slot] = opening.name
    if (endpoint := endpoint_in(opening.kind, opening.arguments)) is not None:
        arguments["base_url"] = endpoint
    if "device" in names:
        arguments.setdefault("device", _device())
    if _is_api(model_class):
        # Retries and what is in flight are the engine's business.
        limits: dict[str, Json] = {"num_concurrent": 1, "max_retries": 1}
        arguments |= limits | {"timeout": max(1, math.ceil(opening.timeout_s))}
    return arguments


def _misspelt(slot: str, arguments: Mapping[str, Json]) -> str:
    near = difflib.get_close_matches(slot, arguments, n=1)
    return f"; did you mean it by '{near[0]}'?" if near else ""


def _parameters(model_class: Any) -> tuple[frozenset[str], bool]:
    """The names that a class and its bases take, and whether it hands others on to a library."""
    names: set[str] = set()
    for base in model_class.__mro__:
        if base.__module__ == "lm_eval.api.model":
            return frozenset(names), True
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(base.__init__).parameters.values()
        names |= {each.name for each in parameters if each.kind is not each.VAR_KEYWORD}
        # TemplateAPI takes any argument, and forgets it.
        if base.__name__ == "TemplateAPI" or not any(
            each.kind is each.VAR_KEYWORD for each in parameters
        ):
            return frozenset(names), False
    return frozenset(names), True


def _check_known(
    kind: str, arguments: Mapping[str, Json], names: frozenset[str], *, takes_more: bool
) -> None:
    known = names - {"self", "args"} | {"base_url"}
    for name in arguments:
        if name not in known and not takes_more:
            raise UsageError(
                f"--model_args: {kind} has no argument '{name}'{did_you_mean(name, known)}"
            )


def _device() -> str:
    """The GPU where there is one; lm-eval would take one that isn't there."""
    torch = importlib.import_module("torch")
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _is_api(model_class: Any) -> bool:
    return any(base.__name__ == "TemplateAPI" for base in model_class.__mro__)


def _give_key(model: Any, opening: Opening) -> None:
    """The API key of `--model_args`, which lm-eval takes from the environment alone."""
    key_env = text_arg(opening.arguments, "api_key_env")
    key = text_arg(opening.arguments, "api_key") or (key_env and os.environ.get(key_env))
    if not key or not _is_api(type(model)):
        return
    if opening.kind.startswith("anthropic"):
        vars(model)["api_key"] = key
    else:
        vars(model)["header"] = {"Authorization": f"Bearer {key}"}


def _cannot_open(opening: Opening, error: Exception) -> RequestFailed:
    said = one_line(redact(str(error), opening.secrets), 300) or "no reason given"
    name = name_in(opening.arguments) or opening.name or "it"
    is_engine = ENGINES[opening.kind].served == "batches"
    if is_engine and any(words in said for words in _NOT_THERE):
        return RequestFailed(
            f"--model {opening.kind}: can't load {name}: it is no folder here, and can't be had "
            "from the Hugging Face Hub; check its spelling, the network, and HF_TOKEN if it is "
            "a private one",
            fatal=True,
        )
    hint = ""
    if "okenizer" in said and opening.kind.endswith("-completions"):
        hint = "; give tokenizer=PATH, or tokenizer_backend=None where nothing is to be counted"
    return RequestFailed(
        f"--model {opening.kind}: can't load {name}: {type(error).__name__}: {said}{hint}",
        fatal=True,
    )


def seed_torch(seed: int | None) -> None:
    """Seed what samples in this process; None gives lm-eval's own seed."""
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(_SEED if seed is None else seed)

"""The `curator` model: a LiteLLM `provider/model`, asked through bespokelabs-curator.

Curator is imported at the first request, since that takes seconds, and is kept from telemetry,
uploads and output. Who retries, how fast and what is stored is evalwh's business, not Curator's.
"""

import importlib.util
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from evalwh.errors import EvalwhError, MissingExtra, RequestFailed, UsageError
from evalwh.models.arguments import text_arg
from evalwh.models.chat_model import ChatModel
from evalwh.models.curator_batches import Ask, Batches
from evalwh.models.litellm import LiteLLMModel
from evalwh.prices import Price
from evalwh.records import Json, Reply, Request

_LARGEST_BATCH = 256
_OURS = frozenset({"batch_size", "cache_dir"})
_NO_BEARING = frozenset({"require_all_responses", "seconds_to_pause_on_rate_limit"})
"""Words of Curator and Evalchemy for what the engine does in its own way."""
_LIMITS = {"max_requests_per_minute": "--rpm", "max_tokens_per_minute": "--tpm"}


class CuratorModel(ChatModel):
    """A `provider/model` of LiteLLM behind Curator. Must be used within one event loop.

    A reply is handed over when it arrives, not when its batch is complete: so it is stored at
    once, and a slow neighbour holds nobody up.
    """

    def __init__(
        self,
        client: LiteLLMModel,
        *,
        cache_dir: Path | None = None,
        batch_size: int = _LARGEST_BATCH,
    ) -> None:
        """`client` knows whom to ask and what the answers mean.

        Curator's files stay in a new folder below `cache_dir`; without one they are temporary.
        """
        self.name = client.name
        self.base_url = client.base_url
        self._client = client
        self._cache_dir = cache_dir
        self._batches = Batches(self._answer, largest=batch_size, name="Curator")
        self._asks = 0
        self._folder: Path | None = None
        self._curator: ModuleType | None = None
        self._formatter: Any = None

    @classmethod
    def from_args(
        cls, model_name: str | None, model_args: Mapping[str, Json], *, timeout_s: float
    ) -> Self:
        """The model that `--model_name` and `--model_args` describe.

        Raises MissingExtra when Curator isn't installed.
        """
        if not _is_installed():
            raise MissingExtra("--model curator", package="bespokelabs-curator", extra="curator")
        name = model_name or text_arg(model_args, "model", "pretrained")
        if name is None:
            raise UsageError("--model curator needs --model_name provider/model")
        cache_dir = text_arg(model_args, "cache_dir")
        return cls(
            LiteLLMModel.from_args(name, _for_client(model_args), timeout_s=timeout_s),
            cache_dir=None if cache_dir is None else Path(cache_dir),
            batch_size=_batch_size(model_args.get("batch_size")),
        )

    @property
    def settings(self) -> Mapping[str, Json]:
        """Those of LiteLLM's arguments that decide its replies."""
        return self._client.settings

    @property
    def price(self) -> Price | None:
        """LiteLLM's price for this model."""
        return self._client.price

    async def generate(self, request: Request) -> Reply:
        """Ask once, in a batch with what else is in flight; `billed_usd` is LiteLLM's figure."""
        self._load()
        self._check(request)
        self._asks += 1
        ask = Ask(str(self._asks), request)
        self._batches.submit(ask)
        return await ask.reply

    async def aclose(self) -> None:
        """Close connections, and remove Curator's files where they are temporary."""
        await self._batches.aclose()
        if self._folder is not None and self._cache_dir is None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = self._curator = self._formatter = None
        await self._client.aclose()

    def _load(self) -> None:
        if self._curator is None:
            self._client.library()
            self._folder = _new_folder(self._cache_dir)
            self._curator = _import_curator()
            self._formatter = self._curator.formatter(self.name)

    def _check(self, request: Request) -> None:
        """Refuse what Curator can't take; in a batch it would take the others down with it."""
        try:
            self._formatter.get_messages(list(request.messages))
        except ValueError as error:
            said = str(error).removeprefix("In the return value (a list) of the prompt_func, ")
            raise RequestFailed(f"Curator can't ask this: {said}") from None

    async def _answer(self, asks: Sequence[Ask]) -> None:
        """Ask a batch in a folder of its own: Curator takes what it finds there for its cache."""
        assert self._curator is not None and self._folder is not None
        folder = self._folder / asks[0].id.zfill(7)
        try:
            await self._curator.ask_batch(asks, self._client, folder)
        finally:
            if self._cache_dir is None:
                shutil.rmtree(folder, ignore_errors=True)


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("bespokelabs.curator") is not None
    except ModuleNotFoundError:
        return False


def _import_curator() -> ModuleType:
    """Curator, silent and alone; LiteLLM must have been imported."""
    os.environ["TELEMETRY_ENABLED"] = "false"
    os.environ["CURATOR_VIEWER"] = "0"
    logger = logging.getLogger("curator")
    # A logger with a handler gets none that prints.
    logger.addHandler(logging.NullHandler())
    try:
        with warnings.catch_warnings():
            # What it imports warns of its own age.
            warnings.simplefilter("ignore")
            from evalwh.models import curator_processor
    except ImportError as error:
        way_out = "run: pip install 'evalwh[curator]'"
        raise EvalwhError(f"--model curator: can't import Curator ({error}); {way_out}") from error
    except OSError as error:
        # It notes a random number of its own in ~/.cache.
        way_out = "it needs a HOME that can be written to"
        raise EvalwhError(f"--model curator: can't import Curator ({error}); {way_out}") from error
    logger.setLevel(logging.getLogger("evalwh").level or logging.CRITICAL)
    return curator_processor


def _new_folder(cache_dir: Path | None) -> Path:
    try:
        if cache_dir is not None:
            cache_dir.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="evalwh-curator-", dir=cache_dir))
    except OSError as error:
        raise EvalwhError(f"--model_args cache_dir={cache_dir}: {error.strerror}") from error


def _for_client(model_args: Mapping[str, Json]) -> dict[str, Json]:
    """What the client of LiteLLM is told."""
    for name, option in _LIMITS.items():
        if model_args.get(name) is not None:
            raise UsageError(f"--model_args: '{name}' is evalwh's {option}; give it there")
    ours = _OURS | _NO_BEARING | _LIMITS.keys()
    return {name: value for name, value in model_args.items() if name not in ours}


def _batch_size(value: Json) -> int:
    """How many requests may share a batch; `auto`, as lm-eval takes it, leaves it to us."""
    if value is None or str(value).startswith("auto"):
        return _LARGEST_BATCH
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"--model_args: 'batch_size' must be a positive number, not {value!r}")
    return value

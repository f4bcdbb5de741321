"""A loaded model of lm-eval, and what is known of it only then."""

import threading
from typing import Any, NamedTuple, Self

from evalwh.models.harness_library import Opening, open_model, seed_torch
from evalwh.models.harness_replies import Tokens
from evalwh.models.harness_streams import listen


class Opened(NamedTuple):
    """`is_torch`: it samples by torch's generator in this process. `usage.heard` is of the
    thread's last question.
    """

    model: Any
    tokens: Tokens
    usage: Any
    is_torch: bool

    @classmethod
    def by(cls, opening: Opening) -> Self:
        """Load the model; it takes as long as its weights take. Raises RequestFailed."""
        model = open_model(opening)
        bases = {base.__name__ for base in type(model).__mro__}
        usage = threading.local()
        is_torch = "HFLM" in bases
        tokens = Tokens(model)
        if is_torch:
            seed_torch(None)
            tokens.listen()
        if "TemplateAPI" in bases:
            listen(model, usage)
        return cls(model, tokens, usage, is_torch)

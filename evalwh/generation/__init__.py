"""The generation engine: asks a model many requests, within limits, and hands on every reply.

It knows models and replies, never the warehouse.
"""

from evalwh.generation.engine import Job, Sink, generate_all
from evalwh.generation.limits import Limits
from evalwh.generation.progress import Progress

__all__ = ["Job", "Limits", "Progress", "Sink", "generate_all"]

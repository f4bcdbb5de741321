"""evalwh: an embedded, SQL-backed results warehouse for LLM evaluation."""

__version__ = "0.1.0"

"""A run from its config to its scores: plan, ask, fold, score, resume."""

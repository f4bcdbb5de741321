"""`evalwh query`: a statement in a process of its own, and its rows in any of the formats."""

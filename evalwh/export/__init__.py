"""Writes a run's views as files for people and other programs; computes nothing of its own."""

"""Batch transform: a job that has a model server of its own."""

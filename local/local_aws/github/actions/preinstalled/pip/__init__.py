"""Stands before the real pip of a job's virtual environment; see `__main__`."""

"""One run of a pipeline: its definition and parameters, what the cache answers, watching, and what came of it."""

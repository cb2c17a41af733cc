"""One run of a pipeline: definition, parameters, step cache, start, progress and results."""

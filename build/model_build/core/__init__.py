"""The pure part of model-build: settings, executions as data, differences of definitions, metadata of packages."""

"""The model registry: groups, packages, and the events of a package."""

"""The custom resources of a project: its repositories on GitHub, and what is in them."""

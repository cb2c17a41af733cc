"""The commands: what `cli` calls, one module each."""

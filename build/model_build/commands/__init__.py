"""The commands, one module each: a module runs the command and formats its result for the CLI."""

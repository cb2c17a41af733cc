"""The commands, one module each: a module runs the command in a workspace and formats its result for the CLI."""

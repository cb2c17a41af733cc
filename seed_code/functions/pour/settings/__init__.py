"""The settings of a repository: its variables, its environments, and the protection of main."""

"""The files of a repository: the seed, its commits, and the pull request that proposes a newer seed."""

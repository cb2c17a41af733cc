"""What an endpoint deploys, how its traffic moves, and what is watched meanwhile."""

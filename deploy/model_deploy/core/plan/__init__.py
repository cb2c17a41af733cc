"""The plan of a rollout: the wanted and the observed state of a stage, and the next step from one to the other."""

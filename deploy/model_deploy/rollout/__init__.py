"""A rollout: what brings a stage to a model package, and watches while it does."""

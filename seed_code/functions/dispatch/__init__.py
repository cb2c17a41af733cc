"""From an approval or a rejection in the model registry to the deploy repository."""

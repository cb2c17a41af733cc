"""The instances of a variant: artifact, model server process, connections."""

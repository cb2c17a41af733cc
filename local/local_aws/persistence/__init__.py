"""The state of a server that survives it: `local-aws up --state DIR`."""

from local_aws.persistence.folder import PORT, StateFolder, remove
from local_aws.persistence.saver import Saver, restore, served

__all__ = ["PORT", "Saver", "StateFolder", "remove", "restore", "served"]

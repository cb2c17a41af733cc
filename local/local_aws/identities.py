"""The identities that a command can have on the embedded AWS."""

from __future__ import annotations

from enum import StrEnum


class Identity(StrEnum):
    """Two roles and the root of the account: `local_aws.developer` says what each may do."""

    DEVELOPER = "developer"
    STUDIO_USER = "studio-user"
    ROOT = "root"

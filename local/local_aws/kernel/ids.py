"""Ids as AWS gives them to what it has not been told a name for."""

from __future__ import annotations

import secrets
import string


def new_id(length: int) -> str:
    """Lower-case letters and digits at random."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))

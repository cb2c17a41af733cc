"""The caches that the demonstration's runner shares between jobs: each job has a home directory without caches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_CDK = "JSII_RUNTIME_PACKAGE_CACHE_ROOT"


def of_user(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which jobs find the caches of the user whose environment this is.

    The CDK's is where jsii keeps it on Linux: a job without it unpacks 200 MB, which takes most of the job's time.
    """
    general = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    cdk = environment.get(_CDK) or str(Path.home() / ".cache" / "aws" / "jsii" / "package-cache")
    return {"XDG_CACHE_HOME": general, _CDK: cdk}

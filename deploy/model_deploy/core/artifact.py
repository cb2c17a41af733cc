"""A model's artifact, known by its bytes: what was evaluated is what is served.

A stage serves a copy of its own, which lies under the hash of its content where only the stage's role may write. Nobody who
may write to where models are trained can change what is served, and every instance that starts finds the same bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PACKAGE_VARIABLE = "MODEL_PACKAGE_ARN"
"""The variable of a model's container that names the package: CreateModel takes a package or an artifact, not both."""

_COPY = re.compile(r"s3://[^/]+/deploy/[^/]+/models/(?P<sha256>[0-9a-f]{64})/model\.tar\.gz")


@dataclass(frozen=True)
class Artifact:
    """An archive of a model: where it was trained to, its SHA-256, and the version of the object, if there is one."""

    uri: str
    sha256: str
    version: str | None = None

    def key(self, stage: str) -> str:
        """Where the stage's copy belongs in the artifact bucket."""
        return f"deploy/{stage}/models/{self.sha256}/model.tar.gz"


def sha256_of(model_uri: str) -> str | None:
    """The SHA-256 of what a model with this artifact serves; None for one that is not a stage's copy."""
    found = _COPY.fullmatch(model_uri)
    return found["sha256"] if found else None

"""A model's artifact, identified by its hash, so that the evaluated model is the served one.

A stage serves its own copy. The copy's key has the hash of its content, and only the stage's role may write there. A
principal that may write trained models cannot change a served one, and every new instance loads the same bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PACKAGE_VARIABLE = "MODEL_PACKAGE_ARN"
"""The variable of a model's container that names the package: CreateModel takes a package or an artifact, not both."""

_COPY = re.compile(r"s3://[^/]+/deploy/[^/]+/models/(?P<sha256>[0-9a-f]{64})/model\.tar\.gz")


@dataclass(frozen=True)
class Artifact:
    """The archive of a model: the URI that training wrote, its SHA-256, and the object's version id, if it has one."""

    uri: str
    sha256: str
    version: str | None = None

    def key(self, stage: str) -> str:
        """The key of the stage's copy in the artifact bucket."""
        return f"deploy/{stage}/models/{self.sha256}/model.tar.gz"


def sha256_of(model_uri: str) -> str | None:
    """The SHA-256 in the URI of a stage's copy; None for another URI."""
    found = _COPY.fullmatch(model_uri)
    return found["sha256"] if found else None

"""The ARN of a model package, the input of a deployment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from model_deploy.errors import UsageError

_PATTERN = re.compile(
    r"(?P<prefix>arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]+:\d{12}:model-package)/(?P<group>[\w\-]+)/(?P<version>[0-9]{1,9})"
)


@dataclass(frozen=True)
class ModelPackageArn:
    """`prefix/group/version`. `text` is the ARN as it was given."""

    text: str
    group: str
    version: int

    @classmethod
    def parse(cls, text: str) -> ModelPackageArn:
        """Raises UsageError when `text` is not the ARN of a version in a model package group."""
        found = _PATTERN.fullmatch(text)
        if found is None:
            raise UsageError(
                f"{text!r} is not the ARN of a model package. Expected "
                "arn:aws:sagemaker:REGION:ACCOUNT:model-package/GROUP/VERSION, as the registry shows it, and "
                "`model-build run` prints it."
            )
        return cls(text, found["group"], int(found["version"]))

    def __str__(self) -> str:
        return self.text


def version_of(arn: str) -> int:
    """The version that the ARN names. Raises UsageError when it names none."""
    return ModelPackageArn.parse(arn).version

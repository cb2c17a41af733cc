"""The rules for values of a model package's CustomerMetadataProperties.

Source: CreateModelPackage's model, CustomerMetadataValue: [\\p{L}\\p{Z}\\p{N}_.:\\/=+\\-@]{1,256}
"""

from __future__ import annotations

import re

LONGEST = 256
"""The most characters of a value."""

_NOT_ALLOWED = re.compile(r"[^\w \xa0.:/=+\-@]")


def fitted(text: str) -> str:
    """`text` as a value of the metadata: other characters become `_`, and the end is cut off."""
    return _NOT_ALLOWED.sub("_", text)[:LONGEST]


def unfit(text: str) -> str:
    """The characters of `text` that the metadata does not allow, each once."""
    return "".join(dict.fromkeys(_NOT_ALLOWED.findall(text)))

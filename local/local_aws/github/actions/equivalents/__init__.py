"""Equivalents of the actions that the poured workflows use. A step with another action fails and names it.

Each equivalent does what the action's page describes for the inputs that it lists; another input is refused, not ignored.
An equivalent stands for one release, and says so in the log where a workflow pins another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local_aws.github.actions.equivalents import artifacts, aws_credentials, checkout, setup_python
from local_aws.github.actions.equivalents.call import ActionCall
from local_aws.github.actions.errors import StepFailed


@dataclass(frozen=True)
class Equivalent:
    """`inputs` are the defaults of all inputs that it knows; None where the action has none."""

    release: str
    commit: str
    inputs: Mapping[str, str | None]
    run: Callable[[ActionCall], Mapping[str, str]]


KNOWN: Mapping[str, Equivalent] = {
    "actions/checkout": Equivalent(
        "v7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1", checkout.INPUTS, checkout.run
    ),
    "actions/setup-python": Equivalent(
        "v7.0.0", "5fda3b95a4ea91299a34e894583c3862153e4b97", setup_python.INPUTS, setup_python.run
    ),
    "actions/upload-artifact": Equivalent(
        "v7.0.0", "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", artifacts.UPLOAD, artifacts.upload
    ),
    "actions/download-artifact": Equivalent("v8.0.0", "", artifacts.DOWNLOAD, artifacts.download),
    "aws-actions/configure-aws-credentials": Equivalent(
        "v6.2.3", "e6de054238d6b7531b4efff3b6587d9aade6a06c", aws_credentials.INPUTS, aws_credentials.run
    ),
}


def find(uses: str) -> Equivalent:
    """The equivalent of `OWNER/NAME@REF`. Raises StepFailed, naming the action."""
    name, _, ref = uses.partition("@")
    found = KNOWN.get(name.lower())
    if found is None or not ref:
        raise StepFailed(
            f"The embedded runner has no equivalent of the action `{uses}`. It has: {', '.join(sorted(KNOWN))}."
        )
    return found


def given(uses: str, equivalent: Equivalent, inputs: Mapping[str, str]) -> dict[str, str]:
    """All inputs of a step, with the defaults; names whatever their case.

    Raises StepFailed for one that is not known.
    """
    stated = {name.lower(): value for name, value in inputs.items()}
    unknown = sorted(set(stated) - set(equivalent.inputs))
    if unknown:
        raise StepFailed(
            f"The embedded runner's equivalent of `{uses}` does not know the input `{unknown[0]}`, only: "
            f"{', '.join(sorted(equivalent.inputs))}."
        )
    return {name: stated.get(name, default or "") for name, default in equivalent.inputs.items()}

"""The advice that a command adds to AWS's error messages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """The sentences of one command line.

    `work` names the operation that continues if the connection breaks ("A pipeline that was started"). `denied` says
    which role needs the missing permission. `bucket` says what to do about a missing bucket; `bucket_name` is its
    name if AWS's message has none.
    """

    work: str = "What was started"
    denied: str = (
        "The role or user that runs this command needs that permission on that resource; in a project it comes from the "
        "project's own role."
    )
    bucket: str = "ARTIFACT_BUCKET names the project's bucket; check it, and the region AWS_REGION."
    bucket_name: str = "that the command was given"

"""What a command adds to AWS's own words when it explains an error."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """Sentences of one command line.

    `work` names what goes on when the connection breaks ("A pipeline that was started"); `denied` says whose permission
    is missing; `bucket` says what to do about a bucket that does not exist, which is `bucket_name` where AWS does not
    name it.
    """

    work: str = "What was started"
    denied: str = (
        "The role or user that runs this command needs that permission on that resource; in a project it comes from the "
        "project's own role."
    )
    bucket: str = "ARTIFACT_BUCKET names the project's bucket; check it, and the region AWS_REGION."
    bucket_name: str = "that the command was given"

"""Why a job cannot be created or does not succeed.

ContainerError
├── UnsupportedError       what the request asks for is not embedded: refused when the job is created
│   └── UnknownImageError  no image of that name is embedded
└── JobError               the job fails; the message is its FailureReason
    ├── DownloadError      an input cannot be had from S3
    ├── UploadError        an output cannot be put into S3
    └── AlgorithmError     the job's own process failed, or it gave it nothing to run
"""

REASON_LENGTH = 1024
"""Characters of a FailureReason and of an ExitMessage at most, in the API's model."""


class ContainerError(Exception):
    """Base of this package's errors; the message says what happened, to what, and what to do about it."""


class UnsupportedError(ContainerError):
    """SageMaker would run this; the embedded one does not."""


class UnknownImageError(UnsupportedError):
    """The image is not among those that are embedded."""


class JobError(ContainerError):
    """The job fails. `str()` is its FailureReason, no longer than the API allows."""

    def __init__(self, reason: str) -> None:
        super().__init__(shortened(reason))


class DownloadError(JobError):
    """Worded as SageMaker does: `ClientError: Data download failed: ...`."""

    def __init__(self, why: str) -> None:
        super().__init__(f"ClientError: Data download failed: {why}")


class UploadError(JobError):
    """Worded as SageMaker does: `ClientError: Artifact upload failed: ...`."""

    def __init__(self, why: str) -> None:
        super().__init__(f"ClientError: Artifact upload failed: {why}")


class AlgorithmError(JobError):
    """Worded as SageMaker does: `AlgorithmError: WHY, exit code: N`."""

    def __init__(self, why: str, exit_code: int, kind: str = "AlgorithmError") -> None:
        ending = f", exit code: {exit_code}"
        room = REASON_LENGTH - len(kind) - len(": ") - len(ending)
        super().__init__(f"{kind}: {shortened(why, room)}{ending}")


def shortened(text: str, length: int = REASON_LENGTH) -> str:
    """`text` in at most `length` characters: its beginning and, mostly, its end, which tells why."""
    if len(text) <= length:
        return text
    beginning = length // 4
    return f"{text[:beginning]} ... {text[-(length - beginning - 5):]}"

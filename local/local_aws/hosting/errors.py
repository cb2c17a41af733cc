"""The errors of hosting, with messages like SageMaker's FailureReason.

HostingError
├── LaunchError          instances of a variant cannot be started: bad artifact, no ping
├── AlarmError           an alarm of the deployment went off
├── OverrunError         the deployment took longer than it may
├── StoppedError         the endpoint was closed while it was being changed
└── InvocationError      an invocation got no answer from the model
    ├── UnavailableError no instance takes requests
    ├── ThrottledError   a serverless variant has MaxConcurrency invocations already
    ├── TimedOutError    the container did not answer in time
    └── BrokenError      the container died, or closed the connection
"""


class HostingError(Exception):
    """Base of this package's errors."""


class LaunchError(HostingError):
    """The message is the endpoint's FailureReason."""


class AlarmError(HostingError):
    """An alarm of the AutoRollbackConfiguration is in ALARM."""


class OverrunError(HostingError):
    """MaximumExecutionTimeoutInSeconds is over."""


class StoppedError(HostingError):
    """The server closes."""


class InvocationError(HostingError):
    """An invocation failed before the container answered."""


class UnavailableError(InvocationError):
    """Every instance is starting or restarting."""


class ThrottledError(InvocationError):
    """Too many invocations at once for a serverless variant."""


class TimedOutError(InvocationError):
    """No answer within the invocation limit."""


class BrokenError(InvocationError):
    """The connection to the container broke."""

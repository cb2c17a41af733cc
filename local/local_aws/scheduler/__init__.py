"""EventBridge Scheduler: schedules that invoke a function once, as a role, at a stated time."""

from __future__ import annotations

from local_aws.kernel.account import Account
from local_aws.scheduler.invocations import Invocations
from local_aws.scheduler.schedules import Schedules


def handlers(account: Account) -> list[object]:
    """The handlers of EventBridge Scheduler."""
    return [Schedules(account, Invocations(account))]

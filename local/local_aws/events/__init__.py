"""EventBridge: the default bus, its rules, and the delivery of events to functions, queues and topics.

moto has rules, but fires disabled ones, cannot reach functions, and neither retries nor keeps dead letters. A path of an
event: the bus (bus) finds the rules whose pattern (pattern) it matches; each target gets what its input says (transform)
from the sender of its kind (senders), again and again where that helps (delivery).
"""

from __future__ import annotations

from collections.abc import Iterable

from local_aws.events.bus import Bus
from local_aws.events.delivery import Deliveries
from local_aws.events.rules import Rules
from local_aws.events.senders import FunctionSender, QueueSender, Sender, TopicSender
from local_aws.events.store import Store
from local_aws.events.targets import Targets
from local_aws.kernel.account import Account
from local_aws.lambda_.invocation.events import EventQueue


def handlers(account: Account, functions: Iterable[object]) -> list[object]:
    """The handlers of EventBridge; `functions` are Lambda's, among which is the queue of asynchronous invocations."""
    queue = next(handler for handler in functions if isinstance(handler, EventQueue))
    store, letters = Store(account), QueueSender(account)
    senders: dict[str, Sender] = {
        "lambda": FunctionSender(queue.store, queue),
        "sqs": letters,
        "sns": TopicSender(account),
    }
    deliveries = Deliveries(account, senders, letters)
    return [Rules(store), Targets(store), Bus(store, deliveries), deliveries]

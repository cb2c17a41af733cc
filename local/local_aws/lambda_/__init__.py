"""Lambda: Python functions, run as processes of this machine without a container engine.

Each concurrent execution environment is a process that has loaded the handler once. It sees the standard library,
boto3 with what it needs, and the function's own archive. The version of Python is the server's, whatever python3.x the
function states; there are no layers, no container images, and no read-only /var/task (LAMBDA_TASK_ROOT names the
folder). Roles are not enforced; resource policies are, where API Gateway, EventBridge or a function URL calls.
"""

from __future__ import annotations

from local_aws.kernel.account import Account
from local_aws.lambda_.aliases import Aliases
from local_aws.lambda_.concurrency import Concurrency
from local_aws.lambda_.event_configs import EventConfigs
from local_aws.lambda_.function_urls import FunctionUrls
from local_aws.lambda_.functions import Functions
from local_aws.lambda_.invocation.events import EventQueue
from local_aws.lambda_.invocation.invoker import Invoker
from local_aws.lambda_.invocation.pool import Pool
from local_aws.lambda_.invocations import Invocations
from local_aws.lambda_.permissions import Permissions
from local_aws.lambda_.store import Store
from local_aws.lambda_.tags import Tags


def handlers(account: Account) -> list[object]:
    """The handlers of Lambda. Among them are an Invoker, for others who call functions, and what must be closed."""
    store = Store(account)
    pool = Pool(account)
    invoker = Invoker(store, pool)
    events = EventQueue(store, invoker)
    return [
        pool,
        events,
        invoker,
        Functions(store, pool),
        Aliases(store),
        Permissions(store),
        Concurrency(store),
        Tags(store),
        FunctionUrls(invoker),
        Invocations(store, invoker, events),
        EventConfigs(store),
    ]

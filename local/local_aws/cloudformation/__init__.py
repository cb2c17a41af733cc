"""CloudFormation, embedded: stacks whose resources are made by calling the other services, as a client would.

A request's template becomes a `Definition` (template, parameters, conditions, intrinsics), which change sets compare
(changes) and which the engine brings about in the background: operation by operation (operation), resource by resource
(worker), each through its type (resources).
"""

from __future__ import annotations

from collections.abc import Iterable

from local_aws.cloudformation.changes.change_sets import ChangeSets
from local_aws.cloudformation.engine import Engine
from local_aws.cloudformation.exports import Exports
from local_aws.cloudformation.inspection import Inspection, Templates
from local_aws.cloudformation.resources import resource_types
from local_aws.cloudformation.resources.base import ResourceType
from local_aws.cloudformation.resources.types import Types
from local_aws.cloudformation.response_urls import ResponseUrls
from local_aws.cloudformation.stacks import Stacks
from local_aws.cloudformation.store import Store
from local_aws.kernel.account import Account


def handlers(account: Account, types: Iterable[ResourceType] = ()) -> list[object]:
    """The service's handlers, with `types` beside the resource types that it has."""
    response_urls = ResponseUrls(account)
    known = Types([*resource_types(response_urls), *types])
    store = Store(account)
    exports = Exports(store)
    engine = Engine(account, known, exports)
    change_sets = ChangeSets(account, store, engine)
    return [
        response_urls,
        exports,
        Stacks(account, store, engine),
        Inspection(store),
        Templates(account, known, store, change_sets),
        change_sets,
    ]

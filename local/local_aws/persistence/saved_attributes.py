"""The attributes of handlers and of moto's backends that are the state of the services, and are saved."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, MutableSequence, MutableSet
from typing import TYPE_CHECKING, Any

from local_aws.kernel.moto_internals import backend, backends, bucket_owners

if TYPE_CHECKING:
    from local_aws.server import Server

SAVED: dict[str, tuple[str, ...]] = {
    "account.sessions": ("_by_key", "_of_services", "_forwarded"),
    "application-autoscaling.ScalableTargets": ("_targets", "_policies"),
    "application-autoscaling.ScheduledActions": ("_actions",),
    "apigatewayv2.Apis": ("_store.apis",),
    "cloudformation.ChangeSets": ("_by_id", "_store._by_id"),
    "cloudwatch.Alarms": ("_alarms",),
    "cloudwatch.Dashboards": ("_bodies",),
    "cloudwatch.Metrics": ("_store._samples",),
    "cloudwatch.Tags": ("_resources",),
    "events.Rules": ("_store.rules", "_store.tags"),
    "github": (
        "_state.accounts",
        "_state.repositories",
        "_state.former_names",
        "_state.tokens",
        "_state.apps",
        "_state.installations",
        "_state.dispatches",
        "_state.checks",
        "_state._ids",
    ),
    "lambda.Functions": ("_store.functions",),
    "sagemaker.Callbacks": ("_answers",),
    "sagemaker.Domains": ("_domains",),
    "sagemaker.EndpointConfigs": ("_configs",),
    "sagemaker.Endpoints": ("_endpoints",),
    "sagemaker.ModelPackageGroups": ("_groups",),
    "sagemaker.ModelPackages": ("_packages", "_created"),
    "sagemaker.Models": ("_models",),
    "sagemaker.PipelineExecutions": ("_answered",),
    "sagemaker.Pipelines": ("_pipelines",),
    "sagemaker.ProcessingJobs": ("_jobs._jobs",),
    "sagemaker.Projects": ("_projects",),
    "sagemaker.Tags": ("_resources",),
    "sagemaker.TrainingJobs": ("_jobs._jobs",),
    "sagemaker.TransformJobs": ("_jobs._jobs",),
    "sagemaker.TuningJobs": ("_jobs",),
    "scheduler.Schedules": ("_schedules",),
}
"""The attributes of each handler that are saved, by `SERVICE.CLASS`."""

NOT_SAVED: dict[str, str] = {
    "account.clients": "connections",
    "account.events": "listeners, which the services of a new server are again",
    "apigatewayv2.Gateway": "throttling of the last second, and log streams that are opened again",
    "cloudformation.ResponseUrls": "addresses of answers that somebody waits for: nothing is saved meanwhile",
    "cloudformation.Stacks": "operations under way: nothing is saved meanwhile",
    "cloudwatch.Evaluator": "what it knows of queues, which it looks at again",
    "events.Deliveries": "deliveries under way: nothing is saved meanwhile",
    "lambda.Invoker": "requests of the last second",
    "lambda.Pool": "processes",
    "sts.Sts": "the issuers that it trusts, which every server knows",
    "sagemaker.Callbacks": "steps that wait: nothing is saved meanwhile",
    "sagemaker.PipelineExecutions": "threads of executions that are over",
    "sagemaker-runtime.Runtime": "counts of the last minute, and requests that wait: nothing is saved meanwhile",
}
"""The handlers whose other attributes are not saved, with the reason."""


def get(server: Server, name: str, path: str) -> Any:
    """An attribute of a handler, by `SERVICE.CLASS` and its path."""
    return _get(owners(server)[name], path)


def fixtures(server: Server) -> dict[str, object]:
    """The objects that every server makes for itself (handlers and their parts), by a name that is the same in each server."""
    found = owners(server)
    for name, handler in list(found.items()):
        for attribute, value in vars(handler).items():
            if type(value).__module__.startswith("local_aws."):
                found.setdefault(f"{name}.{attribute}", value)
                for inner, part in getattr(value, "__dict__", {}).items():
                    if type(part).__module__.startswith("local_aws."):
                        found.setdefault(f"{name}.{attribute}.{inner}", part)
    found |= {_moto(*place): backend for *place, backend in backends()}
    return found


def _moto(service: str, account_id: str, region: str) -> str:
    return f"moto/{service}/{account_id}/{region}"


def owners(server: Server) -> dict[str, object]:
    """Whatever has state of its own, by the names of SAVED: the handlers, the account's parts and GitHub."""
    account = server.account
    named: dict[str, object] = {
        "account": account,
        "account.clients": account.clients,
        "account.events": account.events,
        "account.sessions": account.sessions,
        "github": server.github,
    }
    for service, handlers in server.handlers.items():
        named |= {f"{service}.{type(handler).__name__}": handler for handler in handlers}
    return named


def fixture(known: Mapping[str, object], name: str) -> object:
    """A fixture by its name; a backend of moto's is made where it is missing."""
    if name not in known and name.startswith("moto/"):
        return backend(*name.split("/")[1:])
    return known[name]


def taken(server: Server) -> dict[str, Any]:
    """The state of a server's services, as it lies in memory. To be read while nothing changes it."""
    known = fixtures(server)
    ours = {f"{name}:{path}": _get(known[name], path) for name, paths in SAVED.items() for path in paths}
    return {
        "ours": ours,
        "buckets": bucket_owners(),
        "moto": {_moto(*place): vars(backend) for *place, backend in backends()},
    }


def put(server: Server, state: dict[str, Any]) -> None:
    """Give a new server the state of another."""
    known = fixtures(server)
    for name, attributes in state["moto"].items():
        vars(fixture(known, name)).update(attributes)
    bucket_owners().update(state["buckets"])
    for place, value in state["ours"].items():
        name, _, path = place.partition(":")
        _set(known[name], path, value)


def _get(owner: object, path: str) -> Any:
    for name in path.split(".") if path else ():
        owner = getattr(owner, name)
    return owner


def _set(owner: object, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        owner = getattr(owner, name)
    current = getattr(owner, last)
    # In place: others may hold the same collection.
    if isinstance(current, MutableMapping | MutableSet):
        current.clear()
        current |= value
    elif isinstance(current, MutableSequence):
        current[:] = value
    else:
        setattr(owner, last, value)

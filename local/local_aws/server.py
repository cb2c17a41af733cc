"""The embedded AWS as one server on loopback: our handlers first, moto for the commodity services."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local_aws import cloudformation, cloudwatch, events, http_api, lambda_, sagemaker, scheduler
from local_aws.admission import Admission
from local_aws.application import Application, Gateway
from local_aws.checks import Checks, lockout, members, messages, protocols, sizes, tags, values
from local_aws.checks.destinations import Destinations
from local_aws.checks.policies import Policies
from local_aws.checks.principals import Principals
from local_aws.cloudformation.wire import CloudFormationService
from local_aws.cloudwatch.wire import CloudWatchService
from local_aws.github import GitHub
from local_aws.hosting.autoscaling import scheduled_actions
from local_aws.http_api.tags import Tags as ApiTags
from local_aws.identity import managed_policies, sts
from local_aws.identity.actions import tag_readers
from local_aws.identity.actions.resource_facts import ResourceFacts
from local_aws.identity.actions.resources import Namer
from local_aws.identity.gate import Gate
from local_aws.identity.iam_quotas import Quotas
from local_aws.identity.roles import Roles
from local_aws.kernel.account import ACCOUNT_ID, REGION, Account, Clients
from local_aws.kernel.environment import without_real_account
from local_aws.kernel.http.connections import LimitedServer
from local_aws.kernel.http.request_lock import RequestLock
from local_aws.kernel.moto_internals import (
    bounded_logs,
    bounded_queues,
    bounded_topics,
    bucket_policies_unread,
    forget_everything,
    one_account,
    read_key_policies,
    symmetric_keys,
    told_notifications,
    untracked_models,
)
from local_aws.kernel.signing.keys import Keys
from local_aws.kernel.wire import Service
from local_aws.sagemaker import runtime as sagemaker_runtime
from local_aws.sagemaker.runtime import RuntimeService
from local_aws.subscribers import Subscribers

LOOPBACK = "127.0.0.1"
_POLL = 0.05
"""Seconds that closing may take."""

_SPOKEN: dict[str, type[Service]] = {
    "cloudformation": CloudFormationService,
    "cloudwatch": CloudWatchService,
    "sagemaker-runtime": RuntimeService,
}
"""Services that are spoken to in their own way."""


class Server:
    """The embedded AWS, from construction until `close`. Listens on loopback only; its state goes with it.

    moto keeps its state in the process, so one process runs one server at a time. With `enforce`, what the policies of a
    role do not allow is refused; without, calls are only recorded (`account.calls`). `gate.enforce` may be changed later.
    `keys` are its access keys, `folder` is an empty one to work in: new ones, where they are not given.
    `github` is a GitHub on the same port, below `/_github/`. Raises UsageError where the port is taken.
    """

    def __init__(
        self,
        port: int = 0,
        region: str = REGION,
        time_scale: float | None = None,
        *,
        enforce: bool = False,
        keys: Keys | None = None,
        folder: Path | None = None,
    ) -> None:
        # Before anything of this process is changed: the port may be taken.
        self._http = LimitedServer(LOOPBACK, port, None)
        self._process = _patched_process(region)
        if time_scale is None:
            time_scale = float(os.environ.get("LOCAL_AWS_TIME_SCALE", "1"))
        # Before any handler has a thread of its own that asks moto for something.
        forget_everything()
        self.port = self._http.server_port
        self.endpoint_url = f"http://{LOOPBACK}:{self.port}"
        self.account = Account(
            region=region,
            endpoint_url=self.endpoint_url,
            state=folder or Path(tempfile.mkdtemp(prefix="local-aws-")),
            time_scale=time_scale,
            clients=Clients(self.endpoint_url, region, keys or Keys()),
        )
        self._complete = threading.Event()
        self._admission = Admission.of(self.account, self._answer_once_complete)
        self.request_lock = RequestLock(self._admission)
        self._http.app = self.request_lock
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(_POLL,), name="local-aws", daemon=True
        )
        self._thread.start()
        self.handlers: Mapping[str, list[object]] = _handlers_by_service(self.account)
        self._handlers = [handler for handlers in self.handlers.values() for handler in handlers]
        self.services = {
            name: _SPOKEN.get(name, Service)(name, handlers) for name, handlers in self.handlers.items()
        }
        subscribers = Subscribers(self.account, self.handlers["lambda"])
        self._process.enter_context(subscribers.connected())
        self.gate = self._gate(enforce, _checks(self.account, subscribers))
        self.github = GitHub(self.account.state / "github", self.endpoint_url)
        self._application = Application(
            self.services.values(),
            gateways=[self.github, *(each for each in self._handlers if isinstance(each, Gateway))],
            gate=self.gate,
        )
        self._complete.set()

    def _answer_once_complete(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request when every service is there: moto would answer for those that are not."""
        self._complete.wait()
        return self._application(environ, start_response)

    def add_gateway(self, gateway: Gateway) -> None:
        """Answer what is below another path of `/_NAME/`, too."""
        self._application.add_gateway(gateway)

    def client(self, service: str) -> Any:
        """The client of `service`, a boto3 service name, of the account's administrator."""
        return self.account.clients.client(service)

    def _gate(self, enforce: bool, checks: Checks) -> Gate:
        account = self.account
        facts = ResourceFacts(tag_readers.by_service(_get_api_tags(self.handlers["apigatewayv2"])))
        return Gate(
            Namer(ACCOUNT_ID, account.region, facts),
            account.sessions,
            account.calls,
            account.faults,
            exempt=account.clients.keys.service.id,
            roles=Roles(account.client("iam")),
            checks=checks,
            enforce=enforce,
        )

    def close(self) -> None:
        """Stop every job and the server, and remove the state."""
        self.github.close()
        for handler in reversed(self._handlers):
            close = getattr(handler, "close", None)
            if close is not None:
                close()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        forget_everything()
        shutil.rmtree(self.account.state, ignore_errors=True)
        self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _patched_process(region: str) -> ExitStack:
    """This process without the real account's settings, and with moto as the embedded AWS needs it, until it is closed."""
    process = ExitStack()
    for patch in (
        without_real_account(region),
        bucket_policies_unread(),
        managed_policies.loaded(),
        read_key_policies(),
        bounded_logs(),
        bounded_queues(),
        symmetric_keys(),
        told_notifications(),
        one_account(ACCOUNT_ID),
        bounded_topics(),
        untracked_models(),
    ):
        process.enter_context(patch)
    return process


def _handlers_by_service(account: Account) -> dict[str, list[object]]:
    """The handlers of every service that is not moto's, by boto3's name of the service."""
    control_plane, functions = sagemaker.handlers(account), lambda_.handlers(account)
    return {
        "sagemaker": control_plane,
        "sagemaker-runtime": sagemaker_runtime.handlers(account, control_plane),
        "cloudwatch": cloudwatch.handlers(account),
        "cloudformation": cloudformation.handlers(account),
        "lambda": functions,
        "events": events.handlers(account, functions),
        "sts": sts.handlers(account),
        "apigatewayv2": http_api.handlers(account, functions),
        "application-autoscaling": scheduled_actions.handlers(account),
        "scheduler": scheduler.handlers(account),
    }


def _checks(account: Account, subscribers: Subscribers) -> Checks:
    """The checks of every request, in this order."""
    return Checks(
        [
            members.check,
            sizes.check,
            tags.check,
            values.check,
            messages.check,
            members.check_constraints,
            protocols.check,
            Policies(Principals(account.client("iam"))),
            lockout.check,
            Quotas(account.client("iam")).check,
            Destinations(subscribers.problem),
        ]
    )


def _get_api_tags(handlers: Iterable[object]) -> Callable[[dict[str, Any]], Mapping[str, Any]]:
    return next(handler for handler in handlers if isinstance(handler, ApiTags)).get_tags

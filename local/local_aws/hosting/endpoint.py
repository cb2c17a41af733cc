"""One live endpoint: its record, its fleets, its traffic, and the thread that changes them.

    Creating -> InService | Failed
    InService -> Updating -> InService                     (the new configuration)
    InService -> Updating -> RollingBack -> InService      (the old one, and why in FailureReason)
    InService | Failed -> Deleting -> gone

One change at a time: whoever asks for another is refused by the control plane, which looks at `is_busy`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from local_aws.containers.errors import shortened
from local_aws.hosting.deployments.deployment import Deployment, all_to
from local_aws.hosting.deployments.plan import Plan
from local_aws.hosting.deployments.policy import Policy
from local_aws.hosting.deployments.watch import Watch
from local_aws.hosting.errors import BrokenError, HostingError, LaunchError, UnavailableError
from local_aws.hosting.instances.connection import Answer
from local_aws.hosting.instances.fleet import Fleet
from local_aws.hosting.traffic import Route, Traffic
from local_aws.kernel.account import Account

log = logging.getLogger(__name__)

_SETTLED = frozenset({"InService", "Failed", "OutOfService", "UpdateRollbackFailed"})


@dataclass(frozen=True)
class Record:
    """The state of an endpoint at one moment. `deployment_config` is the last one, as stated."""

    status: str
    created: datetime
    modified: datetime
    failure_reason: str | None = None
    deployment_config: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Live:
    """The plan that serves, and a fleet for each of its variants."""

    plan: Plan
    fleets: Mapping[str, Fleet]


@dataclass(frozen=True)
class Pending:
    """An update under way: what it deploys, since when, and the deployment itself."""

    plan: Plan
    started: datetime
    deployment: Deployment


@dataclass(frozen=True)
class Reply:
    """The model's answer, the variant that gave it, and the time that it took, in seconds."""

    answer: Answer
    seconds: float


def _ignore(endpoint: Endpoint) -> None:
    """Does nothing: the default of the callbacks."""


class Endpoint:
    """`record`, `live` and `pending` may be read at any time: they are replaced, never changed.

    `on_status` is told of each change of the status, `on_phase` of each phase of a deployment.
    """

    def __init__(
        self,
        account: Account,
        name: str,
        arn: str,
        plan: Plan,
        config: Mapping[str, Any] | None,
        *,
        on_status: Callable[[Endpoint], None] = _ignore,
        on_phase: Callable[[Endpoint], None] = _ignore,
    ) -> None:
        now = datetime.now(UTC)
        self.name = name
        self.arn = arn
        self._account = account
        self.record = Record("Creating", now, now, deployment_config=config)
        self.live = Live(plan, self._new_fleets(plan))
        self.pending: Pending | None = None
        self._traffic = Traffic(())
        self._stopping = threading.Event()
        self._thread = threading.Thread()
        self._on_status = on_status
        self._on_phase = on_phase

    @property
    def is_busy(self) -> bool:
        """Whether the endpoint is being created, updated or deleted."""
        return self.record.status not in _SETTLED

    @property
    def is_serving(self) -> bool:
        """Whether a variant receives traffic."""
        return bool(self._traffic.routes)

    def __reduce__(self) -> tuple[Any, ...]:
        made = (
            self._account,
            self.name,
            self.arn,
            self.live.plan,
            self.record,
            self._on_status,
            self._on_phase,
        )
        return _unpickled, made

    def relaunch(self) -> None:
        """Launch the instances of an endpoint in service that another server ran, and wait until they serve."""
        if self.record.status == "InService" and self._launch():
            self._set_traffic(all_to(self.live.fleets))

    def create(self) -> None:
        """Start to create the endpoint."""
        self._on_status(self)
        self._start(self._create)

    def update(self, plan: Plan, policy: Policy, config: Mapping[str, Any] | None) -> None:
        """Move to another plan. `config` is the DeploymentConfig as stated, to be shown."""
        self._set_status("Updating", failure_reason=None, deployment_config=config)
        watch = Watch(self._account, policy.alarms, policy.strategy.timeout_seconds, self._stopping)
        green = self._new_fleets(plan)
        deployment = Deployment(
            self.live.fleets, green, policy, watch, self._set_traffic, lambda: self._on_phase(self)
        )
        self.pending = Pending(plan, datetime.now(UTC), deployment)
        self._start(self._update, self.pending)

    def resize(self, plan: Plan) -> None:
        """Move to a plan that differs in weights and instance counts only."""
        self._set_status("Updating", failure_reason=None)
        self._start(self._resize, plan)

    def delete(self, gone: Callable[[], None]) -> None:
        """End everything, then call `gone`."""
        self._set_status("Deleting")
        self._start(self._delete, gone)

    def close(self) -> None:
        """End everything at once, whatever is under way."""
        self._stopping.set()
        _kill(self.live.fleets)
        self._abandon_pending()
        if self._thread.ident is not None:
            self._thread.join()

    def route(self, variant: str | None) -> Route:
        """Raises KeyError for an unknown variant, UnavailableError where none may be chosen."""
        return self._traffic.route(variant)

    def invoke(self, variant: str, body: bytes, headers: Mapping[str, str], limit: float) -> Reply:
        """Let an instance of `variant` answer, within `limit` seconds. Raises InvocationError and KeyError."""
        while True:
            traffic = self._traffic
            try:
                target = traffic.route(variant).enter()
            except UnavailableError:
                # The instances that were chosen from had just been retired: the traffic has moved on.
                if traffic is self._traffic:
                    raise
                continue
            try:
                start = time.perf_counter()
                answer = target.invoke(body, headers, limit)
                return Reply(answer, time.perf_counter() - start)
            except LaunchError as error:
                raise BrokenError(str(error)) from error
            finally:
                target.leave()

    def _create(self) -> None:
        if self._launch():
            self._set_traffic(all_to(self.live.fleets))
            self._set_status("InService")

    def _launch(self) -> bool:
        """Launch every fleet. Where that fails, so does the endpoint."""
        try:
            for fleet in self.live.fleets.values():
                fleet.launch(fleet.variant.count)
        except HostingError as error:
            _kill(self.live.fleets)
            self._set_status("Failed", failure_reason=shortened(str(error)))
            return False
        return True

    def _update(self, pending: Pending) -> None:
        try:
            pending.deployment.run()
        except HostingError as error:
            self._set_status("RollingBack", failure_reason=shortened(str(error)))
            self._roll_back(pending.deployment)
            return
        self.live = Live(pending.plan, pending.deployment.green)
        self.pending = None
        self._set_status("InService")

    def _roll_back(self, deployment: Deployment) -> None:
        try:
            deployment.roll_back()
        except HostingError as error:
            self.pending = None
            self._set_status(
                "UpdateRollbackFailed", failure_reason=shortened(f"{self.record.failure_reason} {error}")
            )
            return
        self.pending = None
        self._set_status("InService")

    def _resize(self, plan: Plan) -> None:
        before = self.live.plan
        try:
            self._scale_to(plan)
        except HostingError as error:
            self._set_status("RollingBack", failure_reason=shortened(str(error)))
            self._scale_to(before)
            plan = before
        self.live = replace(self.live, plan=plan)
        self._set_status("InService")

    def _scale_to(self, plan: Plan) -> None:
        """Launch what is missing, turn it on, and retire what is too much, the youngest first."""
        routes, leaving = [], []
        for variant in plan.variants:
            fleet = self.live.fleets[variant.name]
            fleet.launch(max(0, variant.count - len(fleet.targets)))
            fleet.variant = variant
            routes.append(Route.to(variant.name, variant.weight, fleet.targets[: variant.count]))
            leaving.append((fleet, fleet.targets[variant.count :]))
        self._set_traffic(Traffic(tuple(routes)))
        for fleet, targets in leaving:
            fleet.retire(targets)

    def _delete(self, gone: Callable[[], None]) -> None:
        self._set_traffic(Traffic(()))
        for fleet in self.live.fleets.values():
            fleet.close()
        gone()

    def _set_traffic(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def _abandon_pending(self) -> None:
        pending, self.pending = self.pending, None
        if pending is not None:
            _kill(pending.deployment.green)

    def _set_status(self, status: str, **changes: Any) -> None:
        before = self.record.status
        self.record = replace(self.record, status=status, modified=datetime.now(UTC), **changes)
        if status != before:
            self._on_status(self)

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        self._thread = threading.Thread(
            target=self._run_work, args=(work, *arguments), name=f"endpoint-{self.name}", daemon=True
        )
        self._thread.start()

    def _run_work(self, work: Callable[..., None], *arguments: Any) -> None:
        try:
            work(*arguments)
        except Exception as error:
            log.exception("%s failed for a reason of the embedded AWS's own", self.arn)
            reason = f"InternalServerError: {type(error).__name__}: {error}"
            self._abandon_pending()
            self._set_status("Failed", failure_reason=shortened(reason))

    def _new_fleets(self, plan: Plan) -> dict[str, Fleet]:
        return {variant.name: Fleet(self._account, self.name, variant) for variant in plan.variants}


def _unpickled(
    account: Account,
    name: str,
    arn: str,
    plan: Plan,
    record: Record,
    on_status: Callable[[Endpoint], None],
    on_phase: Callable[[Endpoint], None],
) -> Endpoint:
    """An endpoint as it was, without instances."""
    endpoint = Endpoint(account, name, arn, plan, None, on_status=on_status, on_phase=on_phase)
    endpoint.record = record
    return endpoint


def _kill(fleets: Mapping[str, Fleet]) -> None:
    for fleet in fleets.values():
        fleet.kill()

"""Takes the steps of a plan until the stage is the target, or a step has failed.

    observe ──► next step? ── none ──► done
       ▲            │
       └── take it ◄┘            a failure of this rollout ends it: no step is tried twice

Every command with the same target finds the same steps. A command that is run again after a kill continues with the
running operation. Two commands with the same target share one operation. A command with another target waits.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from model_common.stack_events import first_failure
from model_deploy.aws import change_sets, observation, records, stack
from model_deploy.aws.change_sets import ChangeSet
from model_deploy.core.model_package.arn import version_of
from model_deploy.core.plan import instance_type, next_step, template_diff
from model_deploy.core.plan.next_step import (
    Apply,
    ContinueRollback,
    Delete,
    Deregister,
    Reconcile,
    Restore,
    Step,
    Wait,
    WaitForEndpoint,
)
from model_deploy.core.plan.observed import Observed, Stack
from model_deploy.core.plan.target import Target
from model_deploy.core.plan.template_diff import Change
from model_deploy.core.record import record_key
from model_deploy.errors import OvertakenError, StackError
from model_deploy.progress import Progress
from model_deploy.rollout import gate
from model_deploy.rollout.request import Request
from model_deploy.rollout.restore import restore
from model_deploy.rollout.update import alarms
from model_deploy.rollout.update.guard import Guard
from model_deploy.rollout.update.watch import Watch, succeeded
from model_deploy.workspace import Workspace

MOST_STEPS = 30
"""More steps than any stage needs. A stage that needs more is changed by others all the time."""

CLOSING_SECONDS, CLOSING_PAUSE = 30.0, 0.5
"""The seconds to wait for the record of another rollout that has changed the stack. It may have been killed."""

_ROLLED_BACK = {"UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}


@dataclass(frozen=True)
class Failure:
    """A failed operation: its token, the reason in SageMaker's and CloudFormation's words, and when it ended."""

    cause: str
    operation: Stack
    created: bool
    ended: datetime


@dataclass(frozen=True)
class Converged:
    """The result: the first and the last observation, whether anything was changed, and the failure, if there is one."""

    before: Observed
    observed: Observed
    changed: bool
    failure: Failure | None = None
    contract_failures: int = 0
    excused: tuple[str, ...] = ()


class Convergence:
    """Brings one stage to one target.

    With a `request`, its promotion is checked again right before a change is executed, and the cases of checks/ are
    sent during the update. Without one, the stage is brought to the live package, which was admitted before; if
    another rollout is running, this one does not wait for it.
    """

    def __init__(
        self, workspace: Workspace, target: Target, watch: Watch, progress: Progress, request: Request | None
    ) -> None:
        self._workspace, self._target, self._watch, self._progress = workspace, target, watch, progress
        self._request = request
        self._aws = workspace.aws
        self._changed = False
        self._succeeded = False
        self._no_changes = False
        self._contract_failures = 0
        self._excused: tuple[str, ...] = ()

    def run(self) -> Converged:
        """Take steps until there is none left.

        Raises StackError (OvertakenError), RefusedError or TimedOutError. A rollback by AWS is not an error here; the result holds it as a Failure.
        """
        before: Observed | None = None
        for _ in range(MOST_STEPS):
            observed = self.observe()
            before = before or observed
            failure = self._unreported(observed)
            step = None if failure else self._next(observed)
            if failure is None and step is not None:
                failure = self._take(step, observed)
            if failure is not None or step is None:
                return Converged(
                    before, observed, self._changed, failure, self._contract_failures, self._excused
                )
        raise StackError(
            f"The stack {self._target.deployment.stack_name} does not settle: it was changed by others {MOST_STEPS} times "
            "over. Find out who (the stack's events say when), and run the same command again."
        )

    def observe(self) -> Observed:
        """Describe the stage as it is now."""
        deployment = self._target.deployment
        return observation.observe(self._aws, deployment.stack_name, deployment.endpoint_name)

    def _next(self, observed: Observed) -> Step | None:
        step = next_step.next_step(self._target, observed)
        if isinstance(step, Apply) and self._no_changes and observed.stack and observed.live:
            # The templates differ in their text only, so CloudFormation has nothing to do.
            return next_step.reconciliation(self._target, observed.stack, observed.live)
        return step

    def _take(self, step: Step, observed: Observed) -> Failure | None:
        self._progress.say(f"Next: {step}")
        match step:
            case Apply():
                return self._apply(step, observed)
            case Deregister():
                between = replace(self._target, template=step.template, sent=None, purpose="deregister")
                return self._change_scaling(between, step.changes)
            case Wait():
                return self._wait(step, observed)
            case WaitForEndpoint():
                self._watch.endpoint()
            case ContinueRollback():
                self.continue_rollback(step.stack, observed)
            case Delete() | Restore() | Reconcile() if self._has_moved_on(step.stack):
                self._progress.say("The stack was changed while it was looked at; looking again")
            case Delete():
                stack.delete(self._aws, step.stack)
                self._watch.deletion(step.stack.id)
            case Restore():
                restore(self._aws, step.stack, self._target.deployment, self._watch)
            case Reconcile():
                self._changed = True
                return self._rolled_back_by_sagemaker(step, observed)
        return None

    def _has_moved_on(self, found: Stack) -> bool:
        """Whether an operation began since the stack was described, and may have ended before the endpoint was.

        Stack, endpoint and template are read one after the other. They may contradict each other because another
        rollout began between two of these calls.
        """
        now = stack.describe(self._aws, found.id)
        return now is None or (now.status, now.changed) != (found.status, found.changed)

    def _apply(self, step: Apply, observed: Observed) -> Failure | None:
        if self._succeeded:
            name = self._target.deployment.stack_name
            raise OvertakenError(
                f"The stack {name} was changed again before this rollout could be verified. `model-deploy status` says what "
                "is live; run the same command again if it should be this."
            )
        with self._guard(observed) as guard:
            try:
                change_set = self._begin(step, observed, guard)
            except OvertakenError as overtaken:
                if self._request is None:
                    raise
                self._progress.say(
                    f"The stack was changed by another rollout meanwhile; looking again ({overtaken})"
                )
                return None
            if change_set is None:
                self._no_changes = True
                return None
            return self._finish(change_set.stack, guard)

    def _change_scaling(self, between: Target, changes: tuple[Change, ...]) -> Failure | None:
        """Bring the stack to the same endpoint with or without scaling. No traffic moves, so no guard is needed."""
        if self._request is not None:
            gate.require_admitted(self._workspace, self._request, self._target.candidate)
        try:
            change_set = change_sets.make(
                self._aws, self._workspace.settings, between, Apply("UPDATE", changes), self._watch.deadline
            )
            if change_set is None:
                return None
            for line in change_set.lines:
                self._progress.say(f"  {line}")
            change_sets.execute(self._aws, change_set)
        except OvertakenError as overtaken:
            if self._request is None:
                raise
            self._progress.say(
                f"The stack was changed by another rollout meanwhile; looking again ({overtaken})"
            )
            return None
        self._changed = True
        final = self._watch.stack(change_set.stack, between.change_set)
        if final is None:
            raise StackError(
                f"The stack {between.deployment.stack_name} was deleted while it was rolled out."
            )
        return None if succeeded(final) else self._failure(final)

    def scale_again(self) -> None:
        """Register the scaling of an endpoint that was to get another instance type and did not.

        This command removed the scaling, or an earlier one that was killed.
        """
        observed = self.observe()
        template = instance_type.with_scaling(observed.template) if observed.template else None
        if observed.template is None or template is None:
            return
        changes = template_diff.compare(observed.template, template)
        self._progress.say("The endpoint scales again, with the instance type that it has")
        back = replace(self._target, template=template, sent=None, purpose="register")
        failure = self._change_scaling(back, changes)
        if failure is not None:
            self._progress.say(f"The scaling is not registered again: {failure.cause}")

    def _begin(self, step: Apply, observed: Observed, guard: Guard) -> ChangeSet | None:
        """Create the change set and execute it; returns None if it would change nothing."""
        guard.learn()
        self._excused = alarms.settle(self._workspace, observed, self._progress)
        target = self._workspace.excusing(self._target, self._excused)
        if self._excused:
            # One of an earlier command may have been made with other alarms.
            change_sets.delete(self._aws, target)
        settings = self._workspace.settings
        change_set = change_sets.make(self._aws, settings, target, step, self._watch.deadline)
        if change_set is None:
            return None
        for line in change_set.lines:
            self._progress.say(f"  {line}")
        self._gate_or_leave(change_set, observed)
        guard.judge()
        change_sets.execute(self._aws, change_set)
        return change_set

    def _wait(self, step: Wait, observed: Observed) -> Failure | None:
        own = step.own and not step.stack.status.startswith("DELETE")
        if own:
            self._progress.say(f"Re-attached to {step.stack.change_set}, which an earlier command began")
            with self._guard(observed) as guard:
                guard.resume()
                return self._finish(step.stack.id, guard)
        other = step.stack.change_set or "not of model-deploy"
        if self._request is None or self._succeeded:
            raise OvertakenError(f"Another rollout ({other}) changes the stack {step.stack.name} already.")
        self._progress.say(f"Another rollout ({other}) is changing the stack; this one waits")
        wait_for_record(self._workspace, self._watch.stack(step.stack.id))
        return None

    def _guard(self, observed: Observed) -> Guard:
        probing = self._request is not None
        return Guard(self._workspace, self._target, observed, self._progress, probing=probing)

    def _finish(self, stack_id: str, guard: Guard) -> Failure | None:
        """Watch this rollout's own operation to its end."""
        self._changed = True
        final = self._watch.stack(stack_id, self._target.change_set)
        self._contract_failures += guard.failures
        if final is None:
            raise StackError(
                f"The stack {self._target.deployment.stack_name} was deleted while it was rolled out."
            )
        self._succeeded = succeeded(final)
        return None if self._succeeded else self._failure(final)

    def continue_rollback(self, found: Stack, observed: Observed) -> None:
        """Continue a failed rollback, and watch it like any update. Raises StackError if it fails again."""
        # With a token, a request that the client retries counts once.
        token = f"continue-{uuid.uuid4()}"
        self._aws.cloudformation.continue_update_rollback(StackName=found.name, ClientRequestToken=token)
        with Guard(self._workspace, self._target, observed, self._progress, probing=False):
            final = self._watch.stack(found.id, token)
        if final is not None and final.status == "UPDATE_ROLLBACK_FAILED":
            failed = first_failure(stack.last_operation(self._aws, found.name))
            raise StackError(
                f"The rollback of {found.name} fails again: {final.reason or 'no reason was given'}"
                + (f" ({failed.resource}: {failed.words})" if failed else "")
                + ". Remove what it names, or continue it in the CloudFormation console without that resource."
            )

    def _gate_or_leave(self, change_set: ChangeSet, observed: Observed) -> None:
        if self._request is None:
            return
        try:
            gate.require_admitted(self._workspace, self._request, self._target.candidate)
        except Exception:
            change_sets.delete(self._aws, self._target)
            if observed.stack is None:
                # The change set created an empty stack, which would stay in REVIEW_IN_PROGRESS.
                self._aws.cloudformation.delete_stack(StackName=change_set.stack)
            raise

    def _failure(self, operation: Stack) -> Failure:
        history = stack.last_operation(self._aws, operation.id)
        failed = first_failure(history)
        parts = [f"{failed.resource} failed: {failed.words}"] if failed else [operation.reason]
        serving = self.observe().live
        own = serving.endpoint.reason.rstrip(".") if serving is not None else ""
        if own and own not in parts[0]:
            parts.append(f"the endpoint's own reason: {own}")
        words = "; ".join(" ".join(part.split()).rstrip(".") for part in parts if part.strip())
        created = operation.status.startswith(("CREATE", "ROLLBACK"))
        ended = history[-1].moment if history else operation.changed
        return Failure(
            words or "neither CloudFormation nor SageMaker gives a reason", operation, created, ended
        )

    def _unreported(self, observed: Observed) -> Failure | None:
        """The failure of an operation of this rollout, whose command was killed before it reported the failure."""
        found = observed.stack
        if self._changed or found is None or found.status not in _ROLLED_BACK:
            return None
        version = self._target.candidate.package.version
        key = record_key(self._target.deployment.stage.name, found.changed, version)
        operation = stack.last_operation(self._aws, found.id)
        ours = any(event.token.startswith(self._target.change_set) for event in operation)
        if not ours or records.find(self._aws, self._target.deployment.bucket, key) is not None:
            return None
        self._changed = True
        return self._failure(found)

    def _rolled_back_by_sagemaker(self, step: Reconcile, observed: Observed) -> Failure:
        reason = observed.live.endpoint.reason if observed.live else ""
        cause = f"the stack reports success, and the endpoint went back to {step.arn} all the same"
        cause = f"{cause}: {reason}".rstrip(": .")
        return Failure(cause, step.stack, created=False, ended=step.stack.changed)


def wait_for_record(workspace: Workspace, final: Stack | None) -> None:
    """Wait while another rollout, whose operation has just ended with `final`, verifies and writes its record."""
    arn = final.outputs.get("ModelPackageArn") if final is not None and succeeded(final) else None
    if final is None or arn is None or not final.change_set.startswith("rollout-"):
        return
    key = record_key(workspace.stage.name, final.changed, version_of(arn))
    end = time.monotonic() + CLOSING_SECONDS
    while records.find(workspace.aws, workspace.settings.bucket, key) is None and time.monotonic() < end:
        time.sleep(CLOSING_PAUSE)

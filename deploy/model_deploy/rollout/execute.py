"""A rollout, from a model package's ARN to a record of what came of it.

1. Look: the package and its contract, the stage, what is there. Nothing has been changed yet.
2. Promotion: may this package go to this stage? (`promotion`; again right before anything is executed)
3. Converge: take the plan's next step until there is none (`plan`, `convergence`), sending probes meanwhile (`probes`).
4. Taken back? Bring the stack to the package that is live, so that it says the truth and the same package, tried again,
   is a real change. Record it; the command exits 4.
5. Verify: the live model is the requested one, and answers what checks/ expects (`verify`). Exit 3 when it does not.
6. Close: the registry shows what is live, what nothing uses any more is pruned, and the record is written (`records`), last:
   where it is there, everything before it was done. So a command that was killed anywhere is run again, and does what is
   left.

Nothing of this is done twice by two commands at once, either: CloudFormation executes one change set of a name, and S3
keeps one record of a key.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace

from model_deploy.aws import endpoint, records, registry, stack
from model_deploy.aws.provenance import commit, who
from model_deploy.core import promotion, template_diff
from model_deploy.core.contract import Contract
from model_deploy.core.observed import Observed, Stack
from model_deploy.core.package import Candidate, Package
from model_deploy.core.record import Kind, Outcome, Record, deployment_id, record_key
from model_deploy.core.target import Target
from model_deploy.deadline import Deadline
from model_deploy.errors import (
    LeftError,
    ModelDeployError,
    OvertakenError,
    RefusedError,
    RolledBackError,
    StackError,
)
from model_deploy.progress import Progress
from model_deploy.rollout import probes, prune
from model_deploy.rollout.converge import Converged, Convergence, Failure, MakeProbes
from model_deploy.rollout.probes import Probes
from model_deploy.rollout.watch import Watch
from model_deploy.stacks import warm_up
from model_deploy.verify import inference
from model_deploy.verify.contract import load_candidate
from model_deploy.verify.examine import examine, note_verdict
from model_deploy.verify.judge import Verification
from model_deploy.workspace import Workspace

GRACE_SECONDS = 3600
"""What a rollout may take beyond twice what SageMaker gives a deployment: once there, once back."""


@dataclass(frozen=True)
class Request:
    """What was asked for. `why` goes into the record; `forced` is the reason given with --force.

    Without a `why` it is what the approver said. With `leaving`, nothing is changed unless that package is live.
    """

    arn: str
    why: str | None = None
    kind: Kind = "rollout"
    forced: str | None = None
    timeout: float | None = None
    leaving: str | None = None


@dataclass(frozen=True)
class Result:
    """A rollout that came to an end. `error` is why its exit code is not 0; `restored` the package that serves again."""

    stage: str
    endpoint: str
    package: Package
    plan_sha256: str
    changed: bool
    verification: Verification | None
    contract_failures: int
    restored: str | None
    cause: str | None
    error: ModelDeployError | None
    seconds: float


class Rollout:
    """One rollout on one stage."""

    def __init__(self, workspace: Workspace, request: Request, progress: Progress) -> None:
        self._workspace, self._request, self._progress = workspace, request, progress
        self._aws, self._stage = workspace.aws, workspace.stage
        limit = request.timeout or 2 * self._stage.rollout.timeout_seconds + GRACE_SECONDS
        self._watch = Watch(workspace, progress, Deadline(limit))
        self._began = time.monotonic()

    def run(self) -> Result:
        """Raises RefusedError before anything was changed, and TimedOutError; what was taken back is in the result."""
        warm_up()
        candidate = load_candidate(self._aws, self._request.arn)
        # What is verified elsewhere is asked only where something is about to change: see _gate.
        promotion.require(self._promotion(candidate, verified_first=True))
        target = self._workspace.target(candidate)
        convergence = Convergence(
            self._workspace, target, self._watch, self._progress, lambda: self._gate(candidate)
        )
        converged = convergence.run(self._probes(candidate))
        if converged.failure is not None:
            return self._taken_back(target, convergence, converged, converged.failure)
        return self._verified(target, converged)

    def _promotion(self, candidate: Candidate, *, verified_first: bool) -> promotion.Request:
        return promotion.Request(
            candidate=candidate,
            stage=self._stage.name,
            group=self._workspace.settings.model_package_group,
            production_gate=self._stage.production_gate,
            checks=self._workspace.checks,
            verified_first=verified_first,
            forced=self._request.forced,
            returning=self._request.kind == "rollback",
        )

    def _gate(self, candidate: Candidate) -> None:
        """Everything that promotion asks, of the package as it is now."""
        fresh = replace(candidate, package=registry.describe(self._aws, self._request.arn))
        first = self._stage.name == promotion.FIRST_STAGE or records.was_verified(
            self._aws, self._workspace.settings.bucket, promotion.FIRST_STAGE, self._request.arn
        )
        promotion.require(self._promotion(fresh, verified_first=first))
        if self._request.leaving is not None:
            self._require_live(self._request.leaving)

    def _require_live(self, arn: str) -> None:
        serving = endpoint.look(self._aws, self._workspace.endpoint_name)
        found = serving.package_arn if serving else None
        if found != arn:
            raise LeftError(
                f"{self._workspace.endpoint_name} serves {found or 'no model package'}, not {arn} any more: nothing was changed.",
                found,
            )

    def _probes(self, candidate: Candidate) -> MakeProbes | None:
        alarms, contract = self._stage.alarms, candidate.contract
        if alarms is None or alarms.contract_failures is None or contract is None:
            return None
        if self._stage.endpoint.kind == "asynchronous":
            return None

        def make(observed: Observed) -> Probes:
            name = self._workspace.endpoint_name
            ask = inference.EndpointModel(self._aws.hasty_runtime(probes.ANSWER_SECONDS), name, contract)
            checks = self._workspace.checks[contract.recipe]
            return Probes(self._aws, name, ask, checks, contract, self._contract_of(observed))

        return make

    def _contract_of(self, observed: Observed) -> Contract | None:
        arn = observed.live.package_arn if observed.live else None
        try:
            return load_candidate(self._aws, arn).contract if arn else None
        except ModelDeployError:
            # Whatever is wrong with what is being replaced must not keep a better one from replacing it.
            return None

    def _verified(self, target: Target, converged: Converged) -> Result:
        verification = examine(self._workspace, target.candidate, converged.observed)
        self._close(target, converged, verification)
        error = None if verification.passed else RefusedError(_unverified(target, verification))
        return self._result(target, converged, verification=verification, error=error)

    def _close(self, target: Target, converged: Converged, verification: Verification) -> None:
        """Show, prune, record; only what was not done yet for this deployment."""
        operation = converged.observed.stack
        assert operation is not None  # it has converged
        stage, existing = self._stage.name, self._recorded(target, operation)
        if existing is None and not converged.changed:
            # Somebody else's deployment, which may have begun after the stack was described and before its endpoint was.
            operation = stack.describe(self._aws, operation.id) or operation
            existing = self._recorded(target, operation)
        if existing is not None and existing.outcome == "deployed":
            # Where it is as recorded nothing more is asked: a rollout without change is to cost next to nothing.
            if existing.verified != verification.passed:
                note_verdict(self._workspace, existing, verification)
            return
        replaced = _replaced(self._workspace, target, converged.before)
        if verification.passed:
            registry.show_live(self._aws, target.candidate.package, stage)
            if replaced is not None:
                words = f"Replaced in {stage} by version {target.candidate.package.version}"
                registry.show_gone(self._aws, replaced, stage, "Replaced", words)
        self._prune(operation)
        self._record(target, operation, "deployed", verification, replaced)

    def _recorded(self, target: Target, operation: Stack) -> Record | None:
        key = record_key(self._stage.name, operation.changed, target.candidate.package.version)
        return records.find(self._aws, self._workspace.settings.bucket, key)

    def _prune(self, found: Stack) -> None:
        unused = prune.find(self._aws, self._workspace.settings, self._stage.name, before=found.changed)
        prune.delete(self._aws, unused)
        for line in unused.lines():
            self._progress.say(f"Pruned {line}")

    def _taken_back(
        self, target: Target, convergence: Convergence, converged: Converged, failure: Failure
    ) -> Result:
        self._progress.say(f"Taken back: {failure.cause}")
        version, stage = target.candidate.package.version, self._stage.name
        if failure.created:
            self._record(target, failure.operation, "failed", None, None)
            words = f"Version {version} could not be deployed to {stage}, where nothing was live before: {failure.cause}."
            return self._result(target, converged, cause=failure.cause, error=StackError(words))
        if failure.operation.status == "UPDATE_ROLLBACK_FAILED":
            convergence.continue_rollback(failure.operation)
        observed = convergence.observe()
        restored = observed.live.package_arn if observed.live else None
        # Before the stack is reconciled: what was rolled back was, also where this command is killed meanwhile.
        self._record(target, failure.operation, "rolled back", None, restored)
        if restored is not None and _is_untrue(observed):
            self._reconcile(restored)
        words = f"Version {version} was rolled back in {stage}: {failure.cause}. {_serves(self._workspace, restored)}"
        return self._result(
            target, converged, restored=restored, cause=failure.cause, error=RolledBackError(words)
        )

    def _reconcile(self, arn: str) -> None:
        """Make the stack say what the endpoint serves, the package `arn`."""
        back = replace(self._workspace.target(load_candidate(self._aws, arn)), purpose="reconcile")
        convergence = Convergence(
            self._workspace, back, self._watch, self._progress, lambda: None, yielding=True
        )
        try:
            converged = convergence.run()
        except OvertakenError as overtaken:
            self._progress.say(f"The stack is left as it is. {overtaken}")
            return
        if converged.failure is not None:
            raise StackError(
                f"The stack {self._workspace.stack_name} could not be brought to {arn}, which is live: "
                f"{converged.failure.cause}. Requests are answered by it all the same; roll it out again when the cause is gone."
            )
        if converged.observed.stack is not None:
            self._prune(converged.observed.stack)

    def _record(
        self,
        target: Target,
        operation: Stack,
        outcome: Outcome,
        verification: Verification | None,
        replaced: str | None,
    ) -> None:
        subject = target.candidate.package
        record = Record(
            time=operation.changed,
            deployment=deployment_id(target.sha256, operation.changed),
            stage=self._stage.name,
            endpoint=self._workspace.endpoint_name,
            kind=self._request.kind,
            model_package_arn=subject.arn,
            model_package_version=subject.version,
            outcome=outcome,
            verified=verification.passed if verification else None,
            failures=tuple(str(finding) for finding in verification.failures) if verification else (),
            why=self._request.why or subject.approval_description or self._request.kind,
            forced=self._request.forced,
            who=who(self._aws, os.environ),
            commit=commit(self._workspace.root, os.environ),
            model_commit=subject.commit or "unknown",
            plan_sha256=target.sha256,
            replaced=replaced,
        )
        records.append(self._aws, self._workspace.settings.bucket, record)

    def _result(
        self,
        target: Target,
        converged: Converged,
        *,
        verification: Verification | None = None,
        restored: str | None = None,
        cause: str | None = None,
        error: ModelDeployError | None = None,
    ) -> Result:
        return Result(
            stage=self._stage.name,
            endpoint=self._workspace.endpoint_name,
            package=target.candidate.package,
            plan_sha256=target.sha256,
            changed=converged.changed,
            verification=verification,
            contract_failures=converged.contract_failures,
            restored=restored,
            cause=cause,
            error=error,
            seconds=time.monotonic() - self._began,
        )


def _replaced(workspace: Workspace, target: Target, before: Observed) -> str | None:
    """The package that was live before; as the records have it where an earlier command did the replacing."""
    arn = before.live.package_arn if before.live else None
    if arn is not None and arn != target.arn:
        return arn
    past = records.history(workspace.aws, workspace.settings.bucket, workspace.stage.name)
    deployed = (record.model_package_arn for record in past if record.outcome == "deployed")
    return next((each for each in deployed if each != target.arn), None)


def _is_untrue(observed: Observed) -> bool:
    """Whether the stack says another package than the one that is live."""
    serving, template = observed.live, observed.template
    return (
        serving is not None
        and template is not None
        and template_diff.package_of(template) != serving.package_arn
    )


def _unverified(target: Target, verification: Verification) -> str:
    listed = "".join(f"\n  - {finding}" for finding in verification.failures)
    package_, stage = target.candidate.package, target.deployment.stage.name
    return (
        f"Version {package_.version} is live in {stage}, but not verified:{listed}\n  "
        f"`model-deploy rollback --stage {stage}` brings back the version before it."
    )


def _serves(workspace: Workspace, restored: str | None) -> str:
    if restored is None:
        return (
            f"What {workspace.endpoint_name} serves now is no model package; `model-deploy status` says more."
        )
    return f"{workspace.endpoint_name} serves version {restored.rpartition('/')[2]} as before."

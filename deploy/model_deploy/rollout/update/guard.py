"""The guard of one update: its heartbeat and its probes, from before the update begins to its end."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Self

from model_deploy.aws.objects import read
from model_deploy.core.model_package.contract import Contract
from model_deploy.core.plan.observed import Observed
from model_deploy.core.plan.target import Target
from model_deploy.errors import CommandError
from model_deploy.progress import Progress
from model_deploy.rollout.update import probes
from model_deploy.rollout.update.heartbeat import Heartbeat
from model_deploy.rollout.update.probes import Probes
from model_deploy.verify import inference
from model_deploy.verify.contract import load_candidate
from model_deploy.workspace import Workspace


class Guard:
    """A context manager that watches an update. It does nothing if nothing serves yet, or the stage has no alarm.

    With `probing` the cases of checks/ are sent. A stage that is brought back to the live package is watched without probes.
    """

    def __init__(
        self, workspace: Workspace, target: Target, observed: Observed, progress: Progress, *, probing: bool
    ) -> None:
        self._workspace, self._target, self._progress = workspace, target, progress
        self._serving = observed.live is not None and observed.live.serves
        self._probes = self._make_probes(observed) if probing else None
        self._heartbeat = (
            Heartbeat(workspace.aws, workspace.endpoint_name, self._probes)
            if self._serving and workspace.stage.alarms is not None
            else None
        )

    @property
    def failures(self) -> int:
        """The number of failed cases that count against the new model."""
        return self._probes.failures if self._probes is not None else 0

    def __enter__(self) -> Self:
        if self._heartbeat is not None:
            self._heartbeat.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._probes is not None:
            self._probes.stop()
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._tell()

    def learn(self) -> None:
        """Start to send probes. So far only the old model answers."""
        if self._probes is not None:
            self._probes.learn()

    def judge(self) -> None:
        """The update is about to begin: from now on failures count, except those of the old model.

        The old model's failures are stored for a command that continues this rollout.
        """
        if self._probes is None:
            return
        self._probes.judge()
        tolerated = sorted(self._probes.tolerated)
        self._workspace.aws.s3.put_object(
            Bucket=self._workspace.settings.bucket,
            Key=self._key,
            Body=json.dumps({"tolerated": tolerated}).encode(),
        )
        if tolerated:
            self._progress.say(
                f"The live model fails {', '.join(tolerated)} already: not counted while it answers too, `verify` asks them all"
            )

    def resume(self) -> None:
        """The update is running: use the old model's failures that the command that began it has stored."""
        if self._probes is None:
            return
        stored = read(self._workspace.aws, self._workspace.settings.bucket, self._key)
        self._probes.judge(json.loads(stored)["tolerated"] if stored else ())

    @property
    def _key(self) -> str:
        return f"deploy/{self._workspace.stage.name}/rollouts/{self._target.sha256}/tolerated.json"

    def _tell(self) -> None:
        made = self._probes
        if made is not None and made.requests:
            last = f", the last one: {made.last_failure}" if made.failures else ""
            self._progress.say(f"Probed {made.requests} times; {made.failures} cases failed{last}")
        problems = [each.problem for each in (made, self._heartbeat) if each is not None and each.problem]
        for problem in problems:
            self._progress.say(f"Not everything could be watched: {problem}")

    def _make_probes(self, observed: Observed) -> Probes | None:
        workspace, contract = self._workspace, self._target.candidate.contract
        alarms = workspace.stage.alarms
        if not self._serving or contract is None or alarms is None or alarms.contract_failures is None:
            return None
        if workspace.stage.endpoint.kind == "asynchronous":
            return None
        runtime = workspace.aws.probe_runtime(probes.ANSWER_SECONDS)
        ask = inference.EndpointModel(runtime, workspace.endpoint_name, contract)
        return Probes(ask, workspace.checks[contract.recipe], contract, self._contract_of(observed))

    def _contract_of(self, observed: Observed) -> Contract | None:
        arn = observed.live_arn
        try:
            return load_candidate(self._workspace.aws, arn).contract if arn else None
        except CommandError:
            # Failures of the old model must not keep a better one from replacing it.
            return None

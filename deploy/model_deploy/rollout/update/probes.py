"""Sends the cases of checks/ to an endpoint before and during an update, and decides which model a failure belongs to.

SageMaker routes a probe like any request: to the old model and, during the update, to the new one. The answer does
not name the model. So the cases are sent to the old model before the update begins. A case that it fails does not
count while both models answer: the failures of a model must not keep it from being replaced. `verify` judges the new
model by every case.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from botocore.exceptions import BotoCoreError, ClientError

from model_deploy.core.checks import Checks
from model_deploy.core.model_package.contract import Contract
from model_deploy.verify.inference import Ask, NoAnswerError, Prediction
from model_deploy.verify.judge import judge

PAUSE_SECONDS = 0.1
"""The seconds between two requests: a small canary gets some within a minute, and they are no load."""

ANSWER_SECONDS = 10.0
"""The seconds that a probe waits for an answer.

SageMaker allows 60, in which a model that hangs would pass a short bake.
"""

ROUNDS_BEFORE = 3
"""The least number of probes of the old model before an update; more are sent while the rollout waits for alarms."""


class Probes:
    """`requests` counts the requests since `judge`, `failures` the failed cases that count, `last_failure` is the reason.

    `tolerated` are the names of the cases that the old model fails. `before` is its contract, if it has one: answers
    with labels that only it has are its own. `problem` is the reason why probes could not be sent; it is reported and
    does not end the rollout, which other alarms watch too.
    """

    def __init__(self, ask: Ask, checks: Checks, contract: Contract, before: Contract | None) -> None:
        self.requests = 0
        self.failures = 0
        self.last_failure = ""
        self.problem = ""
        self.tolerated: frozenset[str] = frozenset()
        self._ask, self._checks, self._contract, self._before = ask, checks, contract, before
        self._rounds_before = 0
        self._learned, self._judging, self._stopped = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="probes", daemon=True)

    def learn(self) -> None:
        """Start to send probes to the old model."""
        self._thread.start()

    def judge(self, tolerated: Iterable[str] | None = None) -> None:
        """Start to count failures: now with the `tolerated` cases of an earlier command, otherwise after enough probes."""
        if tolerated is not None:
            self.tolerated = frozenset(tolerated)
            self._judging.set()
            self._thread.start()
            return
        self._learned.wait()
        self._judging.set()

    def stop(self) -> None:
        """Stop to send probes, if they were started."""
        self._stopped.set()
        self._learned.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopped.wait(PAUSE_SECONDS):
                judging = self._judging.is_set()
                failed = self._round()
                if judging:
                    self._count(failed)
                else:
                    self._tolerate(failed)
        except Exception as error:
            self.problem = f"the probes ended early ({type(error).__name__}: {error})"
        finally:
            # Whatever happened, the rollout does not wait for more probes.
            self._learned.set()

    def _round(self) -> dict[str, str]:
        """Send all cases in one request; the failed ones with their reasons."""
        cases = self._checks.cases
        try:
            predictions = self._ask([case.text for case in cases])
        except NoAnswerError as error:
            return dict.fromkeys((case.name for case in cases), str(error))
        except (ClientError, BotoCoreError) as error:
            # A missing permission or a broken connection is not the model's failure and must not roll it back.
            self.problem = f"the endpoint could not be asked: {error}"
            return {}
        judged = (
            (case.name, judge(case, prediction, self._contract), prediction)
            for case, prediction in zip(cases, predictions, strict=True)
        )
        return {
            name: f"{name}: {failure}"
            for name, failure, prediction in judged
            if failure is not None and not self._has_only_old_labels(prediction)
        }

    def _tolerate(self, failed: dict[str, str]) -> None:
        if self._judging.is_set():
            return  # the update may have begun during this request
        self.tolerated |= failed.keys()
        self._rounds_before += 1
        everything = len(self.tolerated) == len({case.name for case in self._checks.cases})
        if everything or self._rounds_before >= ROUNDS_BEFORE:
            self._learned.set()

    def _count(self, failed: dict[str, str]) -> None:
        self.requests += 1
        counted = [why for name, why in failed.items() if name not in self.tolerated]
        if counted:
            self.failures += len(counted)
            self.last_failure = counted[-1]

    def _has_only_old_labels(self, prediction: Prediction) -> bool:
        """Whether only the old model can have given this answer: it has labels that the new one lacks."""
        if self._before is None:
            return False
        answered = {*prediction.labels, *prediction.scores}
        return answered <= set(self._before.labels) and not answered <= set(self._contract.labels)

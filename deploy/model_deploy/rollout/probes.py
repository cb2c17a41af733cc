"""Sends the cases of checks/ to an endpoint before and while it is updated, and attributes what fails.

A probe goes where traffic goes: to the old model and, as it gets its share, to the new one; an answer does not say which.
So the old model is asked before the update begins. A case that it fails then does not count while both models answer: no
model can be kept from being replaced by its own failures. `verify` judges the new model by every case.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from botocore.exceptions import BotoCoreError, ClientError

from model_deploy.core.checks import Checks
from model_deploy.core.contract import Contract
from model_deploy.verify.inference import Ask, NoAnswerError, Prediction
from model_deploy.verify.judge import judge

PAUSE_SECONDS = 0.1
"""Between two requests: enough that a small canary gets some within a minute, too few to be a load."""

ANSWER_SECONDS = 10.0
"""What a probe waits for an answer. SageMaker gives a model a minute, in which a model that hangs would pass a short bake."""

ROUNDS_BEFORE = 3
"""How often the old model is asked at least; longer where the alarms are waited for anyway."""


class Probes:
    """`asked` counts the requests since `judge`, `failures` the failed cases that count, `last_failure` says why.

    `tolerated` are the names of the cases that the old model fails. `before` is its contract, if it has one: answers with
    labels that only it has are its own. `problem` says what kept the probes from asking; that ends no rollout, which other
    alarms watch too, but has to be told.
    """

    def __init__(self, ask: Ask, checks: Checks, contract: Contract, before: Contract | None) -> None:
        self.asked = 0
        self.failures = 0
        self.last_failure = ""
        self.problem = ""
        self.tolerated: frozenset[str] = frozenset()
        self._ask, self._checks, self._contract, self._before = ask, checks, contract, before
        self._rounds_before = 0
        self._learned, self._judging, self._stopped = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="probes", daemon=True)

    def learn(self) -> None:
        """Begin to ask the old model."""
        self._thread.start()

    def judge(self, tolerated: Iterable[str] | None = None) -> None:
        """Begin to judge. `tolerated` is what an earlier command has learned; without it, once enough was asked."""
        if tolerated is not None:
            self.tolerated = frozenset(tolerated)
            self._judging.set()
            self._thread.start()
            return
        self._learned.wait()
        self._judging.set()

    def stop(self) -> None:
        """Stop asking; nothing where it was never begun."""
        self._stopped.set()
        self._learned.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            judging = self._judging.is_set()
            failed = self._round()
            if judging:
                self._count(failed)
            else:
                self._tolerate(failed)

    def _round(self) -> dict[str, str]:
        """The cases that failed in one request with all of them, and why."""
        cases = self._checks.cases
        try:
            predictions = self._ask([case.text for case in cases])
        except NoAnswerError as error:
            return dict.fromkeys((case.name for case in cases), str(error))
        except (ClientError, BotoCoreError) as error:
            # Not the model's doing: a missing permission or a broken line must not roll a good model back.
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
            return  # the update may have begun while this was asked
        self.tolerated |= failed.keys()
        self._rounds_before += 1
        everything = len(self.tolerated) == len({case.name for case in self._checks.cases})
        if everything or self._rounds_before >= ROUNDS_BEFORE:
            self._learned.set()

    def _count(self, failed: dict[str, str]) -> None:
        self.asked += 1
        counted = [why for name, why in failed.items() if name not in self.tolerated]
        if counted:
            self.failures += len(counted)
            self.last_failure = counted[-1]

    def _has_only_old_labels(self, prediction: Prediction) -> bool:
        """Whether only the model that is being replaced can have answered so: with labels that the new one lacks."""
        if self._before is None:
            return False
        told = {*prediction.labels, *prediction.scores}
        return told <= set(self._before.labels) and not told <= set(self._contract.labels)

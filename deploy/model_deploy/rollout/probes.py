"""Sends the cases of checks/ to an endpoint while it is being updated, and counts what fails.

The count is the metric ContractFailures, alarmed beside errors and latency: a model that answers 200 and nonsense is
rolled back too, and a bake without any traffic still proves something. Requests go where traffic goes: to the old
model and, as it gets its share, to the new one.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from model_deploy.aws.clients import Aws
from model_deploy.core.checks import Checks
from model_deploy.core.contract import Contract
from model_deploy.core.deployment import CONTRACT_FAILURES, METRICS
from model_deploy.verify.inference import Ask, NoAnswerError, Prediction
from model_deploy.verify.judge import judge

PAUSE_SECONDS = 0.1
"""Between two requests: enough that a small canary gets some within a minute, too few to be a load."""

PUBLISH_SECONDS = 1.0

ANSWER_SECONDS = 10.0
"""What a probe waits for an answer. SageMaker gives a model a minute, in which a model that hangs would pass a short bake."""


class Probes:
    """Probes from entering to leaving its context. `failures` has counted the failed cases, `asked` the requests.

    `problem` says what kept it from probing; that ends no rollout, which other alarms watch too, but has to be told.
    `before` is the contract of the model that is being replaced, if it has one: its answers are none of the new model's.
    """

    def __init__(
        self, aws: Aws, endpoint: str, ask: Ask, checks: Checks, contract: Contract, before: Contract | None
    ) -> None:
        self.asked = 0
        self.failures = 0
        self.last_failure = ""
        self.problem = ""
        self._aws, self._endpoint, self._ask = aws, endpoint, ask
        self._checks, self._contract, self._before = checks, contract, before
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probes", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        published, due = 0, time.monotonic() + PUBLISH_SECONDS
        while not self._stopped.wait(PAUSE_SECONDS):
            self._round()
            if time.monotonic() >= due:
                published += self._publish(self.failures - published)
                due = time.monotonic() + PUBLISH_SECONDS

    def _round(self) -> None:
        cases = self._checks.cases
        self.asked += 1
        try:
            predictions = self._ask([case.text for case in cases])
        except NoAnswerError as error:
            self._failed(len(cases), str(error))
            return
        except (ClientError, BotoCoreError) as error:
            # Not the model's doing: a missing permission or a broken line must not roll a good model back.
            self.problem = f"the endpoint could not be asked: {error}"
            return
        for case, prediction in zip(cases, predictions, strict=True):
            failure = judge(case, prediction, self._contract)
            if failure is not None and not self._is_of_the_old_model(prediction):
                self._failed(1, f"{case.name}: {failure}")

    def _failed(self, count: int, why: str) -> None:
        self.failures += count
        self.last_failure = why

    def _is_of_the_old_model(self, prediction: Prediction) -> bool:
        """Whether only the model that is being replaced can have answered so: with labels that the new one lacks."""
        if self._before is None:
            return False
        told = {*prediction.labels, *prediction.scores}
        return told <= set(self._before.labels) and not told <= set(self._contract.labels)

    def _publish(self, failures: int) -> int:
        """Send the number of new failures, zero too; how many were sent."""
        try:
            self._aws.cloudwatch.put_metric_data(
                Namespace=METRICS,
                MetricData=[
                    {
                        "MetricName": CONTRACT_FAILURES,
                        "Dimensions": [{"Name": "EndpointName", "Value": self._endpoint}],
                        "Value": failures,
                        "Unit": "Count",
                    }
                ],
            )
        except (ClientError, BotoCoreError) as error:
            self.problem = f"{CONTRACT_FAILURES} could not be published: {error}"
            return 0
        return failures

"""Judges a stage: whether the requested package is live, and whether its answers pass checks/."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from model_deploy.core.checks import Case, Checks
from model_deploy.core.model_package.contract import Contract
from model_deploy.core.model_package.package import REJECTED, Package
from model_deploy.verify.inference import Ask, NoAnswerError, Prediction

ATTEMPTS = 3
"""How often a slow request is sent. The first one after a rollout may find a cold model."""

_ALMOST_ONE = 1.0001
"""fastText's probabilities exceed 1 by up to 1e-5."""


@dataclass(frozen=True)
class Finding:
    """The result of one case at one target (endpoint or api). `failure` is the reason, None if it passed."""

    target: str
    case: str
    failure: str | None = None

    def __str__(self) -> str:
        return f"{self.target}, {self.case}: {self.failure or 'passed'}"


@dataclass(frozen=True)
class Verification:
    """All findings, and the latency of the request in milliseconds, by target."""

    findings: tuple[Finding, ...]
    milliseconds: tuple[tuple[str, float], ...] = ()

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that failed."""
        return tuple(finding for finding in self.findings if finding.failure is not None)

    @property
    def passed(self) -> bool:
        """Whether no finding failed."""
        return not self.failures

    def __add__(self, other: Verification) -> Verification:
        return Verification(self.findings + other.findings, self.milliseconds + other.milliseconds)


def live_package(requested: str, live: str | None, endpoint: str) -> Verification:
    """Whether the package behind the endpoint is the requested one (both ARNs)."""
    problem = None
    if live != requested:
        problem = f"the endpoint {endpoint} serves {live or 'a model that is not a package'}, not {requested}"
    return Verification((Finding("endpoint", "serves the requested package", problem),))


def artifact(problem: str | None) -> Verification:
    """Whether the endpoint serves the registered artifact; `problem` is the reason if it does not."""
    return Verification((Finding("endpoint", "serves the registered artifact", problem),))


def examine(
    target: str,
    ask: Ask,
    checks: Checks,
    contract: Contract,
    clock: Callable[[], float] = time.perf_counter,
    *,
    waits: bool = False,
) -> Verification:
    """Send every case in one request and judge the answers, and its latency (best of ATTEMPTS).

    Of a target that `waits` before it answers, in a queue, the time is told and not judged.
    """
    texts = [case.text for case in checks.cases]
    fastest = float("inf")
    try:
        for _ in range(ATTEMPTS):
            began = clock()
            predictions = ask(texts)
            fastest = min(fastest, (clock() - began) * 1000)
            if waits or fastest <= checks.latency_ms:
                break
    except NoAnswerError as error:
        return Verification(tuple(Finding(target, case.name, f"no answer: {error}") for case in checks.cases))
    slow = (
        f"{fastest:.0f} ms; at most {checks.latency_ms:g} ms are allowed"
        if fastest > checks.latency_ms
        else None
    )
    findings = [
        Finding(target, case.name, judge(case, prediction, contract))
        for case, prediction in zip(checks.cases, predictions, strict=True)
    ]
    latency = [] if waits else [Finding(target, "latency", slow)]
    return Verification((*findings, *latency), ((target, fastest),))


def judge(case: Case, prediction: Prediction, contract: Contract) -> str | None:
    """The reason why the answer fails a case; None if it passes."""
    strange = sorted({*prediction.labels, *prediction.scores} - set(contract.labels))
    if strange:
        return f"answered {', '.join(strange)}; the labels are {', '.join(contract.labels)}"
    if not prediction.labels and not contract.multi_label:
        return "answered no label"
    beyond = {name: score for name, score in prediction.scores.items() if not 0 <= score <= _ALMOST_ONE}
    if beyond:
        return f"answered a confidence of {next(iter(beyond.values()))}, which is not a probability"
    given = ", ".join(prediction.labels) or "no label"
    forbidden = [name for name in prediction.labels if name in case.never]
    if forbidden:
        return f"answered {given}; expected anything but {' or '.join(forbidden)}"
    if case.labels is None:
        return None
    right = [name for name in prediction.labels if name in case.labels]
    if contract.multi_label:
        if missing := [name for name in case.labels if name not in right]:
            return f"answered {given}; expected {', '.join(missing)} too"
    elif not right:
        return f"answered {given}; expected {' or '.join(case.labels)}"
    least = min((prediction.scores.get(name, 0.0) for name in right), default=1.0)
    if least < case.min_confidence:
        return f"answered {given} with a confidence of {least:.3f}; expected {case.min_confidence:g} or more"
    return None


def approval(package: Package) -> Verification:
    """Whether the package is still approved. A rejection overrules earlier verifications."""
    words = f": {package.approval_description}" if package.approval_description else ""
    rejected = f"it was rejected{words}" if package.approval == REJECTED else None
    return Verification((Finding("registry", "approval", rejected),))


def closed(target: str, ask: Callable[[], int]) -> Verification:
    """Whether a request without credentials is refused: `ask` sends one and gives the HTTP status of the answer."""
    try:
        status = ask()
        failure = (
            None
            if status in {401, 403}
            else f"a request without credentials was answered with {status}; expected 401 or 403"
        )
    except NoAnswerError as error:
        failure = f"no answer: {error}"
    return Verification((Finding(target, "refuses requests without credentials", failure),))

"""The gate: whether a candidate may be registered. A pure rule, and the only gate.

`Evaluate` applies it to the figures it measured and writes the verdict; the pipeline's condition only reads that. Where the
recipe has a trial, `Trial` adds the figures of its endpoint to the decision, and the condition reads it there.
The metric of a rule is one where more is better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

# 0.63 - 0.01 is not 0.62 in binary: a tie must not be lost to rounding.
_ROUNDING = 1e-9
_NAMED = 8


@dataclass(frozen=True)
class Rule:
    """`minimum` is what a candidate must reach, `max_regression` how far below the champion it may be."""

    metric: str
    minimum: float
    max_regression: float


@dataclass(frozen=True)
class Figures:
    """The figures of one model; a champion that could not be measured has no metrics."""

    labels: tuple[str, ...]
    multi_label: bool
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Trial:
    """The figures of a candidate's trial endpoint. `differing` texts were not answered as Evaluate answered them.

    `max_p99` is what the 99th percentile of the times may be at most; None where the recipe states no limit. Both are in
    milliseconds.
    """

    texts: int
    differing: int
    p99: float
    max_p99: float | None


@dataclass(frozen=True)
class Decision:
    """The verdict, the sentence that explains it, and the figures it rests on.

    `champion` is None where there is none, or none that can be compared.
    """

    passed: bool
    reason: str
    metric: str
    candidate: float
    champion: float | None
    minimum: float
    max_regression: float
    forced: bool = False


def decide(candidate: Figures, champion: Figures | None, rule: Rule) -> Decision:
    """Passes when the candidate reaches the minimum and does not fall behind a comparable champion.

    A tie passes. A champion with other labels, or of the other kind (one label or several), cannot be compared with:
    the candidate is refused.

    Raises ValueError when the rule's metric was not measured.
    """
    value = _value(candidate, rule)
    measured = _value(champion, rule) if champion is not None and comparable(candidate, champion) else None
    decimals = _decimals(value, rule, measured)
    high_enough, against_minimum = _against_minimum(value, rule, decimals)
    if champion is None:
        good_enough, against_champion = True, "there is no champion to compare with"
    elif measured is None:
        good_enough, against_champion = False, _incomparable(candidate, champion)
    else:
        good_enough, against_champion = _against_champion(value, measured, rule, decimals)
    joined = "and" if champion is None or high_enough == good_enough else "but"
    return Decision(
        passed=high_enough and good_enough,
        reason=f"{rule.metric} {against_minimum}, {joined} {against_champion}.",
        metric=rule.metric,
        candidate=value,
        champion=measured,
        minimum=rule.minimum,
        max_regression=rule.max_regression,
    )


def after_trial(decision: Decision, trial: Trial) -> Decision:
    """The decision after a trial: its endpoint has to answer every text as Evaluate did, and fast enough.

    A decision that was forced already stays so, and its reason tells what the trial found.
    """
    served_well, found = _tried(trial)
    return replace(
        decision,
        passed=decision.passed and (served_well or decision.forced),
        reason=f"{decision.reason} {found}",
    )


def forced(decision: Decision, reason: str) -> Decision:
    """The decision after --force with a reason. A candidate that passes is not changed by it.

    Raises ValueError when the reason is empty.
    """
    if not reason.strip():
        raise ValueError(
            "A gate is forced only with a reason: say why this candidate is wanted all the same."
        )
    if decision.passed:
        return decision
    return replace(
        decision,
        passed=True,
        forced=True,
        reason=f"Forced: {reason.strip().rstrip('.')}. The gate had refused: {decision.reason}",
    )


def comparable(candidate: Figures, champion: Figures) -> bool:
    """Whether both models have the same labels, and both are single-label or both multi-label."""
    return set(candidate.labels) == set(champion.labels) and candidate.multi_label == champion.multi_label


def _value(figures: Figures, rule: Rule) -> float:
    try:
        return figures.metrics[rule.metric]
    except KeyError:
        measured = ", ".join(sorted(figures.metrics)) or "nothing"
        raise ValueError(f"The gate asks for {rule.metric}; measured were: {measured}.") from None


def _against_minimum(value: float, rule: Rule, decimals: int) -> tuple[bool, str]:
    if math.isnan(value):
        return False, "could not be measured"
    found, minimum = f"{value:.{decimals}f}", f"{rule.minimum:.{decimals}f}"
    if value >= rule.minimum - _ROUNDING:
        return True, f"{found} reaches the minimum of {minimum}"
    return False, f"{found} is below the minimum of {minimum}"


def _against_champion(value: float, champion: float, rule: Rule, decimals: int) -> tuple[bool, str]:
    behind = champion - value
    passed = behind <= rule.max_regression + _ROUNDING
    if abs(behind) <= _ROUNDING:
        return passed, f"equals the champion's {champion:.{decimals}f}"
    if behind < 0:
        return passed, f"beats the champion's {champion:.{decimals}f}"
    sentence = f"is {behind:.{decimals}f} below the champion's {champion:.{decimals}f}"
    if passed:
        return True, f"{sentence}, within the allowed regression of {rule.max_regression:.{decimals}f}"
    if rule.max_regression == 0:
        return False, sentence
    return False, f"{sentence}, more than the allowed regression of {rule.max_regression:.{decimals}f}"


def _tried(trial: Trial) -> tuple[bool, str]:
    alike, fast = trial.differing == 0, trial.max_p99 is None or trial.p99 <= trial.max_p99
    if alike:
        answered = f"answered all {trial.texts} texts as Evaluate did"
    else:
        answered = f"answered {trial.differing} of {trial.texts} texts otherwise than Evaluate did"
    if trial.max_p99 is None:
        limit = ""
    elif fast:
        limit = f", within the limit of {_milliseconds(trial.max_p99)}"
    else:
        limit = f", above the limit of {_milliseconds(trial.max_p99)}"
    joined = "and" if alike == fast else "but"
    return (
        alike and fast,
        f"The trial endpoint {answered}, {joined} its p99 is {_milliseconds(trial.p99)}{limit}.",
    )


def _milliseconds(value: float) -> str:
    return f"{value:g} ms"


def _incomparable(candidate: Figures, champion: Figures) -> str:
    differences = []
    if champion.multi_label != candidate.multi_label:
        kinds = {True: "several labels", False: "one label"}
        differences.append(
            f"the champion gives {kinds[champion.multi_label]} to a text, "
            f"the candidate {kinds[candidate.multi_label]}"
        )
    for owner, own, other in (("champion", champion, candidate), ("candidate", candidate, champion)):
        names = [name for name in own.labels if name not in other.labels]
        if names:
            differences.append(f"only the {owner} knows {_listed(names)}")
    return (
        f"the champion cannot be compared with, because its labels differ: {'; '.join(differences)} "
        "(to replace it on purpose, run with --force REASON)"
    )


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _decimals(value: float, rule: Rule, champion: float | None) -> int:
    """Three, or as many more as it takes to tell numbers apart that are not equal."""
    pairs = [(value, rule.minimum)]
    if champion is not None:
        pairs += [(value, champion), (champion - value, rule.max_regression)]
    apart = [pair for pair in pairs if abs(pair[0] - pair[1]) > _ROUNDING]
    for decimals in range(3, 9):
        if all(f"{one:.{decimals}f}" != f"{other:.{decimals}f}" for one, other in apart):
            return decimals
    return 9

"""The content of one execution's report, the same offline and on AWS.

`Run` is the caller's description of the execution, the documents were written by its steps. Markdown and HTML are
rendered from this model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from model_build.report import trial
from model_build.report.documents import Champion, ClassFigures, Evaluation, Preparation, Search
from model_common import prices

LOWER_IS_BETTER = frozenset({"log_loss", "expected_calibration_error"})
_NAMED = 10
_RUNNING = frozenset({"Executing", "Stopping", "Starting"})
_REGISTERED = {
    "PendingManualApproval": "The model is registered and waits for approval.",
    "Approved": "The model is registered and approved.",
    "Rejected": "The model is registered, and was rejected.",
    "deleted": "The model was registered, and was deleted since.",
}


class Verdict(Enum):
    """The verdict of an execution."""

    PASSED = "passed"
    FORCED = "forced"
    REFUSED = "refused"
    FAILED = "failed"
    RUNNING = "running"


@dataclass(frozen=True)
class Step:
    """A step of the execution; `seconds` is None while it runs, `reason` why it failed, `instance_type` where a job ran."""

    name: str
    status: str
    seconds: float | None = None
    cache_hit: bool = False
    reason: str = ""
    instance_type: str = ""


@dataclass(frozen=True)
class Link:
    """A link, to the CI run or the console. Raises ValueError if the URL is not http(s)."""

    text: str
    url: str

    def __post_init__(self) -> None:
        if not self.url.startswith(("https://", "http://")):
            raise ValueError(f"{self.url!r} is not a web address: a link starts with https:// or http://.")


@dataclass(frozen=True)
class Run:
    """An execution, as the caller describes it. Missing values are left out of the report.

    `training` has the algorithm and its hyperparameters, by name; `next_command` is the command after registration,
    and `next_place` where it is given, to stand behind "Next";
    `changed` says what a pull request changes, by what it is of. `approval` is the registry's status of the model package
    as it is now, or `deleted`.
    """

    recipe: str
    pipeline: str
    execution_arn: str
    status: str
    steps: Sequence[Step] = ()
    reason: str = ""
    commit: str = ""
    commit_message: str = ""
    data_source: str = ""
    data_uri: str = ""
    data_sha256: str = ""
    model_package_arn: str | None = None
    approval: str = "PendingManualApproval"
    links: Sequence[Link] = ()
    pull_request: int | None = None
    started: datetime | None = None
    training: Mapping[str, str] = field(default_factory=dict)
    next_command: str = ""
    next_place: str = ""
    changed: Mapping[str, str] = field(default_factory=dict)
    search: Search | None = None


@dataclass(frozen=True)
class MetricRow:
    """A metric of candidate and champion; `improved` is None without a champion, or where they are equal."""

    name: str
    candidate: float
    champion: float | None
    gated: bool

    @property
    def difference(self) -> float | None:
        """The candidate's figure minus the champion's, None without a champion."""
        return None if self.champion is None else self.candidate - self.champion

    @property
    def improved(self) -> bool | None:
        """Whether the candidate is better. None for equal figures or without a champion."""
        if not self.difference:
            return None
        return (self.difference > 0) != (self.name in LOWER_IS_BETTER)


@dataclass(frozen=True)
class ClassRow:
    """A label's figures; `champion` is None without a comparable champion."""

    label: str
    candidate: ClassFigures
    champion: ClassFigures | None


@dataclass(frozen=True)
class Baseline:
    """The accuracy of always answering the commonest label, to compare the model's accuracy with."""

    label: str
    accuracy: float


@dataclass(frozen=True)
class Report:
    """A run with its steps' documents; None for a step that has not written its document."""

    run: Run
    evaluation: Evaluation | None = None
    preparation: Preparation | None = None

    @classmethod
    def build(
        cls, run: Run, evaluation: Mapping[str, Any] | None, preparation: Mapping[str, Any] | None
    ) -> Report:
        """From evaluation.json and prepare.json as parsed. Raises CommandError when one cannot be understood."""
        return cls(
            run,
            Evaluation.read(evaluation, "evaluation.json") if evaluation is not None else None,
            Preparation.read(preparation, "prepare.json") if preparation is not None else None,
        )

    @property
    def verdict(self) -> Verdict:
        """The verdict, from the status of the execution and the gate's decision."""
        if self.run.status in _RUNNING:
            return Verdict.RUNNING
        if self.evaluation is None or (self.evaluation.gate.passed and self.run.status != "Succeeded"):
            return Verdict.FAILED
        if not self.evaluation.gate.passed:
            return Verdict.REFUSED
        return Verdict.FORCED if self.evaluation.gate.forced else Verdict.PASSED

    @property
    def headline(self) -> str:
        """The verdict in a few words."""
        match self.verdict:
            case Verdict.PASSED:
                return "The candidate passes the gate"
            case Verdict.FORCED:
                return "The candidate passes by force"
            case Verdict.REFUSED:
                return "The gate refuses the candidate"
            case Verdict.RUNNING:
                return "The pipeline is still running"
            case Verdict.FAILED:
                step = self._failed_step()
                return f"{step.name} failed" if step else f"The pipeline ended as {self.run.status}"

    @property
    def reason(self) -> str:
        """The verdict's reason, in a sentence; empty where there is none yet."""
        if self.verdict in (Verdict.FAILED, Verdict.RUNNING):
            step = self._failed_step()
            return (step.reason if step else "") or self.run.reason
        return self.evaluation.gate.reason if self.evaluation else ""

    @property
    def consequence(self) -> str:
        """The outcome in a sentence."""
        if self.run.model_package_arn:
            return _REGISTERED.get(self.run.approval, "The model is registered.")
        if self.verdict is Verdict.RUNNING:
            return ""
        if self.run.pull_request is not None:
            return "A pull request registers nothing; main measures it again, and trains again if main or the data have changed."
        return "No model was registered."

    @property
    def champion(self) -> Champion | None:
        """The champion, where it could be measured."""
        champion = self.evaluation.champion if self.evaluation else None
        return champion if champion and champion.metrics else None

    @property
    def metrics(self) -> tuple[MetricRow, ...]:
        """All metrics, the gate's first."""
        if self.evaluation is None:
            return ()
        champion = self.champion.metrics if self.champion else {}
        gated = self.evaluation.gate.metric
        rows = [
            MetricRow(name, value, champion.get(name), name == gated)
            for name, value in self.evaluation.candidate.metrics.items()
        ]
        return tuple(sorted(rows, key=lambda row: not row.gated))

    @property
    def classes(self) -> tuple[ClassRow, ...]:
        """All labels, in the recipe's order."""
        if self.evaluation is None:
            return ()
        champion = self.champion.per_class if self.champion else {}
        return tuple(
            ClassRow(label, figures, champion.get(label))
            for label, figures in self.evaluation.candidate.per_class.items()
        )

    def commonest(self, most: int) -> tuple[ClassRow, ...]:
        """At most so many labels, in the recipe's order if all fit, else the commonest of the holdout."""
        if len(self.classes) <= most:
            return self.classes
        return tuple(sorted(self.classes, key=lambda row: -row.candidate.support)[:most])

    @property
    def by_support(self) -> tuple[ClassRow, ...]:
        """All labels, the commonest of the holdout first."""
        return tuple(sorted(self.classes, key=lambda row: -row.candidate.support))

    @property
    def never_right(self) -> str:
        """Which labels the candidate never gets right although the holdout has them, in a sentence; empty where there is none."""
        names = [row.label for row in self.by_support if row.candidate.support and row.candidate.f1 == 0]
        if not names:
            return ""
        shown = ", ".join(names[:_NAMED]) + (
            f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        )
        return f"F1 is 0 for {shown}: not one of their texts is labelled right."

    @property
    def started(self) -> str:
        """When the execution was started, in UTC; empty where that is not known."""
        return f"{self.run.started.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if self.run.started else ""

    @property
    def baseline(self) -> Baseline | None:
        """The baseline of a single-label problem; None for multi-label, where it has no meaning."""
        if self.evaluation is None or self.evaluation.multi_label:
            return None
        holdout = self.evaluation.holdout
        label = max(holdout.labels, key=lambda name: holdout.labels[name])
        return Baseline(label, holdout.labels[label] / holdout.rows)

    @property
    def certainty(self) -> str:
        """The bootstrap interval of the gate's metric, in a sentence; empty where there is none."""
        found = self.evaluation.interval if self.evaluation else None
        if found is None:
            return ""
        low, high = found.interval
        return f"{found.confidence:.0%} interval of the candidate's {found.metric}: {low:.4f} to {high:.4f}."

    @property
    def significance(self) -> str:
        """The bootstrap interval of the difference to the champion, in a sentence; empty without a champion."""
        comparison = self.evaluation.comparison if self.evaluation else None
        if comparison is None:
            return ""
        low, high = comparison.interval
        if low > 0:
            meaning = "the candidate is very likely better"
        elif high < 0:
            meaning = "the candidate is very likely worse"
        else:
            meaning = "it includes zero, so the difference may be chance"
        return (
            f"{comparison.confidence:.0%} interval of the difference in {comparison.metric}: "
            f"{signed(low)} to {signed(high)}; {meaning}."
        )

    @property
    def search(self) -> str:
        """The search for hyperparameters in sentences: its jobs, its best settings, its cost; empty without a search."""
        found = self.run.search
        if found is None or found.best is None:
            return ""
        settings = ", ".join(f"{name} {value}" for name, value in found.best.hyperparameters.items())
        failed = f" ({found.failed} without a result)" if found.failed else ""
        dollars = self._cost_of_search
        price = f", about ${max(dollars, 0.01):.2f}" if dollars else ""
        return (
            f"The search ({found.strategy}) trained {found.jobs} times{failed}, {duration(found.seconds)} "
            f"together{price}. The best reached {found.objective} {found.best.objective:.4f} with "
            f"{settings}. {self._search_gain()}"
        ).strip()

    @property
    def _cost_of_search(self) -> float:
        """The approximate cost of the search's training jobs, in US dollars; 0 without jobs, or if the step cache answered."""
        ran = any(step.name == "Tune" and not step.cache_hit for step in self.run.steps)
        machine = next((step.instance_type for step in self.run.steps if step.name == "Train"), "")
        if self.run.search is None or not ran:
            return 0.0
        return prices.INSTANCE_HOURS.get(machine, 0.0) * self.run.search.seconds / 3600

    def _search_gain(self) -> str:
        """The gain of the search over the recipe's own hyperparameters, on the holdout."""
        defaults = self.evaluation.defaults if self.evaluation else None
        gained = defaults.comparison if defaults else None
        if defaults is None or gained is None:
            return ""
        low, high = gained.interval
        return (
            f"With the recipe's own hyperparameters {gained.metric} on the holdout is {defaults.metrics[gained.metric]:.4f}: "
            f"the search gained {signed(gained.difference)} ({gained.confidence:.0%} interval {signed(low)} to "
            f"{signed(high)})."
        )

    @property
    def trial(self) -> str:
        """What the trial endpoint answered, and how fast, in sentences; empty without a trial."""
        found = self.evaluation.trial if self.evaluation else None
        if found is None:
            return ""
        return trial.summary(found, duration(found.seconds), duration(found.ready_seconds))

    def _dollars_of_trial(self) -> float | None:
        """What the trial endpoint cost about: 0 without one, None where its machine has no price."""
        found = self.evaluation.trial if self.evaluation else None
        cached = any(step.name == "Trial" and step.cache_hit for step in self.run.steps)
        return 0.0 if found is None or cached else trial.dollars(found)

    @property
    def rebalancing(self) -> str:
        """The effect of rebalancing on the train split, in a sentence; empty without rebalancing."""
        done = self.preparation.rebalanced if self.preparation else None
        if done is None:
            return ""
        return (
            f"The train split was rebalanced ({done.method}): {sum(done.after.values()):,} of "
            f"{sum(done.before.values()):,} examples were kept."
        )

    @property
    def effort(self) -> str:
        """How long the steps took and what that costs about, in a sentence; empty before the first has ended."""
        done = [step for step in self.run.steps if step.seconds is not None]
        if not done:
            return ""
        taken = f"The steps took {duration(sum(step.seconds or 0 for step in done))}"
        jobs = [step for step in done if step.instance_type and not step.cache_hit]
        unknown = {step.instance_type for step in jobs} - set(prices.INSTANCE_HOURS)
        tried = self._dollars_of_trial()
        if tried is None and self.evaluation is not None and self.evaluation.trial is not None:
            unknown.add(self.evaluation.trial.machine)
        if unknown:
            return f"{taken}; the table of prices ({prices.DATE}) has none for {', '.join(sorted(unknown))}."
        dollars = sum(prices.INSTANCE_HOURS[step.instance_type] * (step.seconds or 0) / 3600 for step in jobs)
        dollars += self._cost_of_search + (tried or 0.0)
        cost = f"about ${dollars:.2f}" if dollars >= 0.01 else "less than $0.01"
        return (
            f"{taken}, {cost} at prices of {prices.DATE}, on demand in US East (N. Virginia); other regions "
            f"ask up to {prices.REGION_FACTOR:g} times as much."
        )

    def _failed_step(self) -> Step | None:
        return next((step for step in self.run.steps if step.status == "Failed"), None)


def signed(value: float) -> str:
    """With a sign and four decimals, and a minus as wide as the plus."""
    return f"{value:+.4f}".replace("-", "\N{MINUS SIGN}")


def duration(seconds: float | None) -> str:
    """A duration as text: 8.1 s, 4 min 05 s, 1 h 02 min; a dash for None."""
    if seconds is None:
        return "\N{EN DASH}"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"

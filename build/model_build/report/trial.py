"""What a report says of the trial endpoint, and what the endpoint cost."""

from __future__ import annotations

from model_build.report.documents import Trial
from model_common import prices


def summary(trial: Trial, duration: str, ready: str) -> str:
    """The figures of a trial in sentences. `duration` is how long the endpoint was there, `ready` how long it took to be.

    What was answered otherwise may hold a text of the data, which a comment must not: the page lists it.
    """
    limit = trial.max_p99_milliseconds
    asked = f" (limit {limit:g} ms)" if limit is not None else ""
    if trial.differing:
        answered = f"answered {trial.differing} of {trial.texts} texts otherwise than Evaluate; the report's page says how."
    else:
        answered = f"answered all {trial.texts} texts as Evaluate did."
    return (
        f"The trial endpoint ({trial.kind}, {trial.machine}) {answered} Half of the answers took at most "
        f"{trial.p50_milliseconds:g} ms, 99% at most {trial.p99_milliseconds:g} ms{asked}, the first one "
        f"{trial.first_milliseconds:g} ms. It was in service after {ready} and there for {duration}{_price(trial)}."
    )


def dollars(trial: Trial) -> float | None:
    """What the endpoint cost about; None where the table of prices does not have its instance type.

    Instances cost from their creation to their deletion, a serverless endpoint while it answers.
    """
    if trial.instance_type is None:
        return prices.SERVERLESS_GB_SECOND * (trial.memory_mb or 0) / 1024 * trial.busy_seconds
    hourly = prices.INSTANCE_HOURS.get(trial.instance_type)
    return None if hourly is None else hourly * trial.seconds / 3600


def _price(trial: Trial) -> str:
    cost = dollars(trial)
    if cost is None:
        return ""
    return f", about ${cost:.2f}" if cost >= 0.01 else ", less than $0.01"

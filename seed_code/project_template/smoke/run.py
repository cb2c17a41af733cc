"""A smoke run from its plan to its report: whatever happens in between, what was made is taken down and written down."""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from model_common.cli.progress import Progress
from model_common.deadline import Deadline
from project_template.aws.clients import Aws
from project_template.core.settings import Form, PublishSettings
from project_template.errors import CommandError, SmokeError
from project_template.smoke import cleaning, probes, report
from project_template.smoke.journal import DONE, Journal
from project_template.smoke.life import Life
from project_template.smoke.plan import TAG, TEARDOWN_MINUTES, Plan
from project_template.smoke.redaction import Redaction
from project_template.smoke.steps import STEPS
from project_template.smoke.verdicts import Finding
from project_template.stacks.publication_values import TokenSignIn

PROBES, TEARDOWN, LEFTOVERS = "probes", "take everything down", "take down what earlier runs left"
_PROBES_AFTER = "ask"


@dataclass(frozen=True)
class Request:
    """The request for a smoke run. `data` is the training data, `outsider` a login for a probe."""

    plan: Plan
    token_secret: str
    github_url: str
    issuer: str
    data: bytes
    report: Path
    outsider: str = ""


@dataclass(frozen=True)
class Outcome:
    """How the run `name` ended. `error` is what ended it early, None where every step was done."""

    name: str
    report: Path
    journal: Journal
    findings: list[Finding]
    error: BaseException | None

    def document(self) -> dict[str, Any]:
        """The outcome for machines."""
        return {
            "name": self.name,
            "passed": self.error is None,
            "report": str(self.report),
            "steps": [{"step": each.name, "result": each.state} for each in self.journal.entries],
            "probes": {each.probe: str(each.verdict) for each in self.findings},
        }

    def lines(self) -> list[str]:
        """The outcome for people."""
        width = max(len(each.name) for each in self.journal.entries)
        shown = [f"{each.name:<{width}}  {each.state}" for each in self.journal.entries]
        shown += [f"probe {each.probe}: {each.verdict}" for each in self.findings]
        return [*shown, f"report  {self.report}  (made to be attached to an issue: read it first)"]


def new_name() -> str:
    """A name that no earlier run has."""
    return f"smoke-{secrets.token_hex(3)}"


def run(aws: Aws, request: Request, console: Console) -> Outcome:
    """Do it all. Nothing is raised but what keeps the report from being written; the outcome says what went wrong."""
    journal, progress = Journal(), Progress(console)
    journal.listen(aws.session)
    life = _life(aws, request, journal, console, progress)
    error: BaseException | None = None
    with _terminated_as_interrupted():
        try:
            with journal.step(LEFTOVERS):
                for name in cleaning.leftovers(aws, datetime.now(UTC), all_of_them=False):
                    life.note(f"The run {name} left something behind")
                    cleaning.clean(aws, name, TEARDOWN_MINUTES, console, progress.say)
            _live(life)
        except (Exception, KeyboardInterrupt) as caught:
            progress.say(f"The run stops: {str(caught) or 'interrupted'}")
            error = caught
    try:
        with journal.step(TEARDOWN):
            cleaning.clean(aws, request.plan.name, TEARDOWN_MINUTES, console, progress.say)
    except (Exception, KeyboardInterrupt) as caught:
        error = error or caught
    journal.unreached([*_steps(), TEARDOWN])
    findings = life.findings or probes.untried("the run did not come that far")
    _write(request, aws, journal, findings)
    return Outcome(request.plan.name, request.report, journal, findings, error)


def verdict(outcome: Outcome) -> CommandError | None:
    """The error that the command ends with, None if every step succeeded."""
    if outcome.error is None:
        return None
    failed = [each.name for each in outcome.journal.entries if each.state not in {DONE, "not reached"}]
    reason = getattr(outcome.error, "message", None) or f"{type(outcome.error).__name__}: {outcome.error}"
    return SmokeError(
        f"The smoke run failed at: {', '.join(failed)}. {reason} The report is {outcome.report}; what the step {TEARDOWN!r} could "
        "not delete, `project-template smoke --clean` deletes."
    )


def _live(life: Life) -> None:
    for name, step in STEPS:
        life.say(f"== {name}")
        with life.journal.step(name):
            step(life)
        if name == _PROBES_AFTER:
            with life.journal.step(PROBES):
                probes.run(life)


def _steps() -> list[str]:
    """The names of the steps in their order, the probes among them."""
    found = []
    for name, _ in STEPS:
        found += [name, PROBES] if name == _PROBES_AFTER else [name]
    return found


def _life(aws: Aws, request: Request, journal: Journal, console: Console, progress: Progress) -> Life:
    tags = {TAG: request.plan.expires(datetime.now(UTC))}
    settings = PublishSettings(
        sign_in=TokenSignIn(request.token_secret),
        name=request.plan.name,
        form=Form.S3,
        github_api_url=request.github_url,
        issuer=request.issuer,
        tags=tuple(tags.items()),
    )
    return Life(
        aws=aws,
        plan=request.plan,
        settings=settings,
        data=request.data,
        tags=tags,
        deadline=Deadline(request.plan.minutes * 60),
        journal=journal,
        console=console,
        say=progress.say,
        outsider=request.outsider,
    )


def _write(request: Request, aws: Aws, journal: Journal, findings: list[Finding]) -> None:
    hidden = Redaction(
        {aws.account: "<account>", request.plan.github_org: "<organisation>", request.outsider: "<outsider>"}
    )
    written = report.document(request.plan, aws.region, journal.entries, findings, hidden)
    request.report.parent.mkdir(parents=True, exist_ok=True)
    request.report.write_text(written, encoding="utf-8")


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM, which CI sends to a job that is cancelled, ends the steps as Ctrl-C does: then everything is taken down."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

"""A smoke run ends in a teardown and a report, however its steps end. The whole run is in tests/e2e/test_smoke.py."""

import io
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from project_template.errors import SmokeError, UsageError
from project_template.smoke import cleaning, command, plan, probes, run
from project_template.smoke.command import Options
from project_template.smoke.journal import DONE, FAILED, NOT_REACHED
from project_template.smoke.verdicts import Verdict

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:github"


@pytest.fixture
def smoke(monkeypatch, tmp_path):
    """Runs the given steps in place of the real ones; what was cleaned is in `cleaned`."""
    cleaned = []
    monkeypatch.setattr(cleaning, "leftovers", lambda aws, now, all_of_them: ["smoke-old"])
    monkeypatch.setattr(cleaning, "clean", lambda aws, name, *_: cleaned.append(name))
    monkeypatch.setattr(probes, "PROBES", {"a_probe": failing})
    session = SimpleNamespace(events=SimpleNamespace(register=lambda name, handler: None))
    aws = SimpleNamespace(account="123456789012", region="eu-west-1", session=session)

    def smoke(*steps):
        monkeypatch.setattr(run, "STEPS", steps)
        made = plan.Plan("smoke-new", "acme", "amazon-sentences", 60)
        asked = run.Request(
            made, SECRET, "https://api.github.com", "https://token.x", b"", tmp_path / "reports" / "smoke.md"
        )
        outcome = run.run(aws, asked, Console(file=io.StringIO()))
        states = {each.name: each.state for each in outcome.journal.entries}
        return outcome, states, outcome.report.read_text()

    smoke.cleaned = cleaned
    return smoke


@pytest.fixture
def interruptible():
    """SIGINT interrupts, also in a session that a shell began in the background: there it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def failing(life):
    raise SmokeError("the endpoint arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x of acme is not there")


def nothing(life):
    return None


def test_a_run_whose_steps_are_done_passes_and_is_taken_down(smoke):
    outcome, states, report = smoke(("publish", nothing), ("ask", nothing))
    assert run.verdict(outcome) is None
    assert (outcome.document()["name"], outcome.document()["passed"]) == ("smoke-new", True)
    assert set(states.values()) == {DONE}
    assert smoke.cleaned == ["smoke-old", "smoke-new"]
    assert "| publish | done |" in report


def test_a_step_that_fails_ends_the_run_and_all_is_taken_down_and_told_redacted(smoke):
    outcome, states, report = smoke(("publish", nothing), ("train", failing), ("ask", nothing))
    assert (states["train"], states["ask"], states[run.TEARDOWN]) == (FAILED, NOT_REACHED, DONE)
    assert smoke.cleaned == ["smoke-old", "smoke-new"]
    assert "<arn sagemaker endpoint> of <organisation> is not there" in report
    assert "123456789012" not in report
    with pytest.raises(SmokeError, match=r"failed at: train\. .*The report is .*smoke\.md"):
        raise run.verdict(outcome)
    assert [each.verdict for each in outcome.findings] == [Verdict.NOT_TRIED]


def test_a_probe_that_fails_is_not_tried_and_keeps_the_run_going(smoke):
    outcome, states, report = smoke(("ask", nothing), ("train", nothing))
    assert [each.verdict for each in outcome.findings] == [Verdict.NOT_TRIED]
    assert states["train"] == DONE
    assert "| a_probe | not tried |" in report


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_end_takes_everything_down(smoke, sent, interruptible):
    def told(life):
        os.kill(os.getpid(), sent)
        signal.pause()

    _, states, report = smoke(("publish", told), ("train", nothing))
    assert (states["publish"], states["train"]) == (FAILED, NOT_REACHED)
    assert smoke.cleaned == ["smoke-old", "smoke-new"]
    assert "KeyboardInterrupt" in report


def test_what_could_not_be_taken_down_is_the_verdict_and_in_the_report(smoke, monkeypatch):
    def left(aws, name, *_):
        if name == "smoke-new":
            raise SmokeError("Something of smoke-new is left: bucket x.")

    monkeypatch.setattr(cleaning, "clean", left)
    outcome, states, report = smoke(("publish", nothing))
    assert states[run.TEARDOWN] == FAILED
    assert "bucket x" in report
    assert "smoke --clean" in run.verdict(outcome).message


def asked(**more):
    given = {
        "github_org": "acme", "token_secret": SECRET, "github_url": "https://api.github.com", "issuer": "", "data": None,
        "recipe": "amazon-sentences", "minutes": 60, "outsider": "", "report": None,
    }  # fmt: skip
    return Options(**given | more)


def test_nothing_begins_without_a_yes_and_what_it_costs_is_shown_first():
    console = Console(file=io.StringIO(), width=300)
    aws = SimpleNamespace(account="123456789012", region="eu-west-1")
    with pytest.raises(UsageError, match="Nothing was made"):
        command.start(aws, asked(), lambda question: False, console)
    assert "It costs at most" in console.file.getvalue()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"github_org": ""}, "--github-org is missing"),
        ({"token_secret": ""}, "--token-secret is missing"),
        ({"recipe": "cooking"}, "--recipe cooking needs --data FILE"),
        ({"recipe": "soup", "data": Path("x")}, "--recipe is 'soup'; expected one of amazon-sentences, "),
    ],
)
def test_what_is_missing_is_named(more, message):
    with pytest.raises(UsageError, match=message):
        command.start(SimpleNamespace(), asked(**more), lambda question: True, Console(file=io.StringIO()))


class Left:
    """An account in which two runs left something: one killed long ago, and one whose time is not over."""

    def __init__(self, make_account):
        self.account = make_account()
        self.cloudformation = self.account.client("cloudformation")
        for name, expires in (("old", "2026-01-01T00:00:00Z"), ("new", "2099-01-01T00:00:00Z")):
            self.cloudformation.create_stack(
                StackName=f"{self.account.name}-{name}-publication",
                TemplateBody='{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}',
                Tags=[{"Key": plan.TAG, "Value": expires}],
            )
        self.account.client("s3").create_bucket(
            Bucket=f"{self.account.name}-gone-123456789012-eu-west-1",
            CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
        )
        self.account.client("s3").put_bucket_tagging(
            Bucket=f"{self.account.name}-gone-123456789012-eu-west-1",
            Tagging={"TagSet": [{"Key": plan.TAG, "Value": "2026-01-01T00:00:00Z"}]},
        )

    def found(self, all_of_them):
        names = cleaning.leftovers(self.account.aws, datetime.now(UTC), all_of_them)
        prefix = f"{self.account.name}-"
        return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


def test_what_killed_runs_left_is_found_by_its_tag_and_what_still_runs_only_if_told(make_account):
    left = Left(make_account)
    assert left.found(all_of_them=False) == ["gone", "old"]
    assert left.found(all_of_them=True) == ["gone", "new", "old"]
    for name in ("gone", "old"):
        cleaning.clean(
            left.account.aws, f"{left.account.name}-{name}", 5, Console(quiet=True), lambda text: None
        )
    assert left.found(all_of_them=True) == ["new"]
    cleaning.clean(left.account.aws, f"{left.account.name}-new", 5, Console(quiet=True), lambda text: None)
    assert left.found(all_of_them=True) == []

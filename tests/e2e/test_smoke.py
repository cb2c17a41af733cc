"""`project-template smoke`, the command for the first account, on the embedded AWS and GitHub: with the poured workflows."""

from __future__ import annotations

import re

import pytest
from embedded import ORGANIZATION, Embedded
from people import Account
from poured_workflows import run_workflows

from project_template.smoke.probes import PROBES
from project_template.smoke.run import TEARDOWN
from project_template.smoke.steps import STEPS
from project_template.stacks.publication_values import GITHUB_ISSUER

pytestmark = pytest.mark.slow

OUTSIDER = "mallory"
MINUTES = "55"


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    embedded = Embedded(tmp_path_factory.mktemp("server"))
    made = Account.make(embedded, tmp_path_factory.mktemp("work"), "smoke")
    run_workflows(made, tmp_path_factory.mktemp("cache"))
    yield made
    embedded.stop()


@pytest.fixture(scope="module")
def smoked(account):
    facts = account.embedded.facts
    account.embedded.ask("token", login=OUTSIDER)
    report = account.folder / "smoke.md"
    told = account.template(
        "smoke", "--yes", "--github-org", ORGANIZATION, "--token-secret", facts["secret"],
        "--github-url", facts["api"], "--issuer", GITHUB_ISSUER,
        "--outsider", OUTSIDER, "--minutes", MINUTES, "--report", str(report), timeout=3600,
    )  # fmt: skip
    return told, report.read_text()


def test_every_step_is_done_and_every_probe_is_confirmed(smoked):
    told, report = smoked
    assert [each for each in told["steps"] if each["result"] != "done"] == []
    assert {name for name, _ in STEPS} | {TEARDOWN} <= {each["step"] for each in told["steps"]}
    assert told["probes"] == dict.fromkeys(PROBES, "confirmed")
    assert told["passed"] is True
    for operation in ("CreateProject", "UpdateModelPackage", "DescribeEndpoint", "DeleteProject"):
        assert f"`sagemaker:{operation}` HTTP 200" in report


def test_the_report_holds_nothing_that_is_secret(account, smoked):
    _, report = smoked
    assert account.embedded.facts["token"] not in report
    assert ORGANIZATION not in report.replace("<organisation>", "")
    assert not re.search(r"arn:aws|\b\d{12}\b|[\w.]+@[\w.]+\.\w+|ASIA|AKIA", report)


def test_nothing_of_it_is_left_but_archived_repositories(account, smoked):
    stacks = account.client("cloudformation").describe_stacks()["Stacks"]
    assert [each["StackName"] for each in stacks if each["StackStatus"] != "DELETE_COMPLETE"] == []
    assert account.client("s3").list_buckets()["Buckets"] == []
    assert account.client("sagemaker").list_endpoints()["Endpoints"] == []
    assert account.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    for kind in ("build", "deploy"):
        repository = f"{ORGANIZATION}/{smoked[0]['name']}-{kind}"
        assert account.github("GET", f"/repos/{repository}")["archived"] is True
    assert account.template("smoke", "--clean", "--yes") == {"taken_down": []}

"""Where a report leads: to the run of the workflow, and to AWS's console."""

import pytest

from model_build.core import links

RUN = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/shop-build",
    "GITHUB_RUN_ID": "7",
}
AWS = "https://s3.eu-west-1.amazonaws.com"


def arn(partition="aws", region="eu-west-1"):
    return f"arn:{partition}:sagemaker:{region}:123456789012:pipeline/p/execution/e1"


def test_a_report_leads_to_its_workflow_run():
    assert links.of_run(RUN) == {
        "workflow run, with the report": "https://github.com/acme/shop-build/actions/runs/7"
    }


def test_a_company_has_github_at_an_address_of_its_own():
    found = links.of_run(RUN | {"GITHUB_SERVER_URL": "http://github.acme.internal:8080"})
    assert list(found.values()) == ["http://github.acme.internal:8080/acme/shop-build/actions/runs/7"]


@pytest.mark.parametrize(
    "changes",
    [
        {"GITHUB_SERVER_URL": ""},
        {"GITHUB_SERVER_URL": "javascript:alert(1)//"},
        {"GITHUB_REPOSITORY": ""},
        {"GITHUB_RUN_ID": ""},
    ],
)
def test_outside_of_a_workflow_there_is_no_run_to_lead_to(changes):
    assert links.of_run(RUN | changes) == {}
    [variable] = changes
    assert links.of_run({name: value for name, value in RUN.items() if name != variable}) == {}


@pytest.mark.parametrize(
    ("partition", "endpoint", "console"),
    [
        ("aws", AWS, "console.aws.amazon.com"),
        ("aws-cn", "https://s3.cn-north-1.amazonaws.com.cn", "console.amazonaws.cn"),
        ("aws-us-gov", "https://s3.us-gov-west-1.amazonaws.com", "console.amazonaws-us-gov.com"),
    ],
)
def test_a_report_leads_to_the_console_of_its_partition(partition, endpoint, console):
    found = links.of_console(endpoint, arn(partition), "bucket", "runs/e1/report.html", "job-1")
    assert found == {
        "HTML report": f"https://eu-west-1.{console}/s3/object/bucket?region=eu-west-1&prefix=runs/e1/report.html",
        "training job": f"https://eu-west-1.{console}/sagemaker/home?region=eu-west-1#/jobs/job-1",
    }


def test_the_console_is_that_of_the_executions_region():
    found = links.of_console(AWS, arn(region="us-east-2"), "bucket", "key", None)
    assert found == {
        "HTML report": "https://us-east-2.console.aws.amazon.com/s3/object/bucket?region=us-east-2&prefix=key"
    }


def test_what_a_key_may_hold_does_not_end_the_address():
    found = links.of_console(AWS, arn(), "bucket", "pr/7/a b&c#d?.html", "job&1")
    assert found["HTML report"].endswith("&prefix=pr/7/a%20b%26c%23d%3F.html")
    assert found["training job"].endswith("#/jobs/job%261")


@pytest.mark.parametrize(
    ("endpoint", "partition"),
    [
        ("http://127.0.0.1:5577", "aws"),
        ("https://minio.acme.internal", "aws"),
        ("https://s3.amazonaws.com.acme.internal", "aws"),
        ("https://notamazonaws.com", "aws"),
        ("", "aws"),
        (AWS, "aws-iso"),
    ],
)
def test_what_is_not_aws_has_no_console(endpoint, partition):
    assert links.of_console(endpoint, arn(partition), "bucket", "key", "job-1") == {}

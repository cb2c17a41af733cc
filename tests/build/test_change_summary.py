"""What a pull request changes, in words, and where its report leads."""

import json

import pytest

from model_build.core import change_summary, links

CODE, OTHER, RULES = "a" * 64, "b" * 64, "c" * 64


def definition(epochs="20", code=CODE, rules=RULES):
    prepare = {"Name": "Prepare", "Arguments": {"Uri": f"s3://bucket/code/{code}/"}}
    train = {"Name": "Train", "Arguments": {"HyperParameters": {"epochs": epochs}}}
    register = {"Name": "Register", "Arguments": {"CustomerMetadataProperties": {"text-rules-sha256": rules}}}
    return json.dumps({"Steps": [prepare, train, register]})


def test_a_pull_request_that_changes_nothing_says_so():
    assert change_summary.describe(definition(), definition(), "d" * 64, "d" * 64) == {
        "definition": "the same",
        "data": "the champion's, dddddddddddd",
        "text rules": "the same",
        "code": "the same",
    }


def test_each_kind_of_change_is_told_apart():
    new = definition(epochs="25", code=OTHER, rules=OTHER)
    assert change_summary.describe(definition(), new, "d" * 64, "e" * 64) == {
        "definition": '~ step Train: HyperParameters.epochs "20" -> "25"',
        "data": "dddddddddddd, where the champion's is eeeeeeeeeeee",
        "text rules": "changed",
        "code": "changed in Prepare",
    }


def test_a_digest_keeps_its_kind_however_short_it_is_shown():
    said = change_summary.describe(None, definition(), "etag:" + "d" * 32, None)
    assert said["data"] == "etag:dddddddddddd"


def test_a_first_pull_request_is_told_what_merging_makes():
    said = change_summary.describe(None, definition(), "d" * 64, None)
    assert said["definition"] == "main has no pipeline yet; merging creates it"


RUN = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/shop-build",
    "GITHUB_RUN_ID": "7",
}


def test_a_report_leads_to_its_workflow_run():
    assert list(links.of_run(RUN).values()) == ["https://github.com/acme/shop-build/actions/runs/7"]
    assert links.of_run({}) == {}


@pytest.mark.parametrize(
    ("partition", "console"), [("aws", "console.aws.amazon.com"), ("aws-cn", "console.amazonaws.cn")]
)
def test_a_report_leads_to_the_console_of_its_partition(partition, console):
    arn = f"arn:{partition}:sagemaker:eu-west-1:123456789012:pipeline/p/execution/e1"
    found = links.of_console(
        "https://s3.eu-west-1.amazonaws.com", arn, "bucket", "runs/e1/report.html", "job-1"
    )
    assert all(url.startswith(f"https://eu-west-1.{console}/") for url in found.values())
    assert list(found) == ["HTML report", "training job"]


def test_what_is_not_aws_has_no_console():
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/p/execution/e1"
    assert links.of_console("http://127.0.0.1:5577", arn, "bucket", "key", "job-1") == {}

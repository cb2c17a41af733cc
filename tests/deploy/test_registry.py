"""What rollouts show in the model registry; and that showing it starts none, though every update there is an event."""

import json
import time

import pytest

MODEL_PACKAGE = "SageMaker Model Package State Change"


@pytest.fixture
def heard(project):
    """Takes, in turn, what EventBridge was told of the project's model packages."""
    sqs, events, name = project.client("sqs"), project.client("events"), project.names.name
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    may = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pattern = {"detail-type": [MODEL_PACKAGE], "detail": {"ModelPackageGroupName": [project.group]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])

    def heard():
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for message in sqs.receive_message(QueueUrl=url).get("Messages", ()):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                return json.loads(message["Body"])["detail"]
            time.sleep(0.02)
        raise AssertionError("nothing is told")

    yield heard
    events.remove_targets(Rule=name, Ids=["queue"])
    events.delete_rule(Name=name)


def test_recording_deployments_starts_none(project, heard):
    """The rule that starts deployments listens to approvals, and no event of a rollout says that one was given or withdrawn."""
    first, second = project.register(), project.register()
    for arn in (first, second):
        project.json("rollout", "--stage", "staging", "--model-package", arn)
    project.json("rollback", "--stage", "staging")
    project.json("teardown", "--stage", "staging", "--yes")
    told = [heard() for _ in range(8)]
    updates = [each for each in told if "UpdatedModelPackageFields" in each]
    # Live; replaced by the second, which is live; back in its place; torn down.
    assert sorted(each["ModelPackageVersion"] for each in updates) == [1, 1, 1, 1, 2, 2]
    assert {tuple(each["UpdatedModelPackageFields"]) for each in updates} == {("ModelLifeCycle",)}
    assert {each["ModelApprovalStatus"] for each in told} == {"Approved"}  # which is why the fields matter


def test_what_is_asked_for_is_deployed_whatever_was_approved_since(project):
    """An approval names its package. "The latest that is approved" may be another one by the time that it is acted on."""
    asked, later = project.register(), project.register()
    before = models(project)
    assert project.json("rollout", "--stage", "staging", "--model-package", asked)["verified"] is True
    assert project.live_package("staging") == asked
    assert [record["model_package_arn"] for record in project.records("staging")] == [asked]
    refused = project.run("rollout", "--stage", "production", "--model-package", later)
    assert "No record says that it was verified in staging" in refused.stderr
    production = project.json("rollout", "--stage", "production", "--model-package", asked)
    assert production["model_package_arn"] == asked
    # The same bytes: both serve the package, each from a copy of its own that is named by the hash of its content.
    staged, served = project.container("staging"), project.container("production")
    assert staged["ModelDataUrl"].split("/")[-2:] == served["ModelDataUrl"].split("/")[-2:]
    assert {**staged, "ModelDataUrl": None} == {**served, "ModelDataUrl": None}
    assert models(project) == before


def models(project):
    """What lies under models/ in the artifact bucket: each object's key and hash."""
    found = project.client("s3").list_objects_v2(Bucket=project.bucket, Prefix="models/")["Contents"]
    return {item["Key"]: item["ETag"] for item in found}

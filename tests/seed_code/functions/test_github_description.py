"""Every request of the functions, and every answer to it, follows GitHub's own OpenAPI description."""

from dispatch.handler import Dispatch

EVENT = {
    "id": "1",
    "source": "aws.sagemaker",
    "detail-type": "SageMaker Model Package State Change",
    "time": "2026-11-21T12:00:00Z",
    "detail": {
        "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/models/2",
        "ModelApprovalStatus": "Approved",
    },
}


def test_a_projects_whole_life_follows_githubs_description(project, exchanges, github_description):
    old = project.repository(Visibility="public")
    project.create("Repository", old)
    first, second = project.put_seed(), project.put_seed({"README.md": "# New\n", "wheel.whl": b"\xff\xfe"})
    project.create("Contents", project.contents(first))
    changed = project.contents(second, Variables={"AWS_REGION": "eu-north-1", "ARTIFACT_BUCKET": ""})
    assert project.update("Contents", project.contents(first), changed)["Status"] == "SUCCESS"
    assert project.update("Contents", changed, project.contents(first))["Status"] == "SUCCESS"
    assert project.update("Contents", project.contents(first), changed)["Status"] == "SUCCESS"
    environment = project.environment | {
        "DEPLOY_REPOSITORY": project.full_name,
        "MODEL_PACKAGE_GROUP_NAME": "models",
    }
    assert Dispatch(environment, project.aws.client, None, project.clock).handle(EVENT, project.context)[
        "dispatched"
    ]
    project.delete("Repository", old, str(project.record.id))
    assert project.record.archived
    assert len(exchanges) > 80
    assert [finding for each in exchanges for finding in github_description.findings(each)] == []


def test_failures_follow_it_too(project_of, exchanges, github_description):
    project = project_of("free")
    project.create("Repository", project.repository())
    answer = project.ask(project.event("Contents", "Create", project.contents()))
    assert answer["Status"] == "FAILED"
    project.delete("Repository", project.repository(), str(project.record.id))
    assert [finding for each in exchanges for finding in github_description.findings(each)] == []

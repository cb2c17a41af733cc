"""Deleting the contents is refused while endpoint stacks of the project live."""

import json

import pytest

TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


@pytest.fixture
def stack(project):
    """Makes a stack with tags, and waits for it."""
    made = []
    cloudformation = project.aws.client("cloudformation")

    def stack(name, **tags):
        listed = [
            {"Key": f"sagemaker:{key.replace('_', '-')}", "Value": value} for key, value in tags.items()
        ]
        cloudformation.create_stack(StackName=name, TemplateBody=TEMPLATE, Tags=listed)
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        made.append(name)

    yield stack
    for name in made:
        cloudformation.delete_stack(StackName=name)


def delete(project, guard="true", **changes):
    properties = {"GuardStacks": guard, "ProjectName": project.name, "ProjectId": f"p-{project.number:012}"}
    return project.delete("Contents", properties | changes, "7/contents")


def test_live_endpoints_are_named_with_the_remedy(project, stack):
    mine = {"project_id": f"p-{project.number:012}", "project_name": project.name}
    for stage in ("staging", "production"):
        stack(f"{project.name}-{stage}", **mine, deployment_stage=stage)
    stack(f"other-{project.number}", project_id="p-other", deployment_stage="production")
    stack(f"SP-{project.number}", **mine)
    answer = delete(project)
    assert answer["Status"] == "FAILED"
    assert f"{project.name}-production, {project.name}-staging" in answer["Reason"]
    assert "other-" not in answer["Reason"] and "SP-" not in answer["Reason"]
    assert "model-deploy teardown" in answer["Reason"]
    assert delete(project, guard="false")["Status"] == "SUCCESS"


def test_without_endpoints_it_goes_and_asks_github_nothing(project):
    assert delete(project)["Status"] == "SUCCESS"
    assert project.calls == []


def test_a_project_without_an_id_is_told_by_its_name(project, stack):
    stack(f"{project.name}-staging", project_name=project.name, deployment_stage="staging")
    assert f"{project.name}-staging" in delete(project, ProjectId="")["Reason"]


def test_contents_that_were_never_made_are_deleted_whatever_their_properties(project):
    answer = project.delete("Contents", {"ProjectName": "p"}, "not-created/request-1")
    assert answer["Status"] == "SUCCESS"

"""Whatever state a stack is found in, a rollout brings the stage to what it is to be."""

import json
import time

import pytest


@pytest.fixture(scope="module")
def shared(make_project):
    """One project for all that begin with a live model: each of them ends with one."""
    with make_project() as made:
        made.json("rollout", "--stage", "staging", "--model-package", made.register())
        yield made


@pytest.fixture
def project(shared):
    return shared


@pytest.fixture
def fresh(make_project):
    with make_project() as made:
        yield made


@pytest.fixture
def cloudformation(project):
    return project.client("cloudformation")


@pytest.fixture
def live(project):
    """The package that is live in staging."""
    return project.live_package("staging")


def status(project, stage="staging"):
    [stack] = project.client("cloudformation").describe_stacks(StackName=project.stack(stage))["Stacks"]
    return stack["StackStatus"]


def test_a_stack_in_review_is_created(fresh, cloudformation):
    arn = fresh.register()
    name = {"StackName": fresh.stack("staging"), "ChangeSetName": "somebody-elses"}
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    cloudformation.create_change_set(**name, TemplateBody=json.dumps(template), ChangeSetType="CREATE")
    assert status(fresh) == "REVIEW_IN_PROGRESS"
    assert fresh.json("rollout", "--stage", "staging", "--model-package", arn)["verified"] is True
    assert status(fresh) == "CREATE_COMPLETE"


def test_a_stack_whose_creation_was_rolled_back_is_deleted_and_created_anew(fresh, cloudformation):
    arn = fresh.register()
    role = fresh.names.pipeline_role_arn
    model = {"ExecutionRoleArn": role, "PrimaryContainer": {"ModelPackageName": f"{arn}000"}}
    broken = {"Broken": {"Type": "AWS::SageMaker::Model", "Properties": model}}
    cloudformation.create_stack(
        StackName=fresh.stack("staging"), TemplateBody=json.dumps({"Resources": broken})
    )
    _wait_until_over(cloudformation, fresh.stack("staging"))
    assert status(fresh) == "ROLLBACK_COMPLETE"
    result = fresh.run("rollout", "--stage", "staging", "--model-package", arn)
    assert result.exit_code == 0, result.stderr
    assert "delete the stack and create it again: it is ROLLBACK_COMPLETE" in result.stderr
    assert fresh.live_package("staging") == arn


def test_a_stack_that_was_deleted_by_hand_is_created_again(project, cloudformation, live):
    cloudformation.delete_stack(StackName=project.stack("staging"))
    result = project.json("rollout", "--stage", "staging", "--model-package", live)
    assert (result["changed"], result["verified"]) == (True, True)
    assert project.live_package("staging") == live


@pytest.mark.parametrize("same", [True, False], ids=["the same version", "another version"])
def test_an_endpoint_that_was_deleted_by_hand_is_restored(project, live, same):
    arn = live if same else project.register()
    created = project.client("cloudformation").describe_stacks(StackName=project.stack("staging"))
    sagemaker = project.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName=project.endpoint("staging"))
    sagemaker.get_waiter("endpoint_deleted").wait(
        EndpointName=project.endpoint("staging"), WaiterConfig={"Delay": 0.1}
    )
    problems = project.json("status", "--stage", "staging")["stages"][0]["problems"]
    assert problems == ["the stack says that there is an endpoint, and there is none: it was deleted by hand"]
    assert project.json("rollout", "--stage", "staging", "--model-package", arn)["verified"] is True
    assert project.live_package("staging") == arn
    still = project.client("cloudformation").describe_stacks(StackName=project.stack("staging"))
    assert still["Stacks"][0]["StackId"] == created["Stacks"][0]["StackId"]


def test_an_endpoint_that_was_deleted_with_its_configuration_is_created_anew(project, live):
    sagemaker = project.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=project.endpoint("staging"))["EndpointConfigName"]
    sagemaker.delete_endpoint(EndpointName=project.endpoint("staging"))
    sagemaker.delete_endpoint_config(EndpointConfigName=config)
    assert project.json("rollout", "--stage", "staging", "--model-package", live)["verified"] is True
    assert project.live_package("staging") == live


def test_an_endpoint_that_somebody_moved_to_another_model_is_reported_as_rolled_back(project, live):
    before = project.client("sagemaker").describe_endpoint(EndpointName=project.endpoint("staging"))
    second = project.register()
    name = project.client("sagemaker").describe_endpoint_config(
        EndpointConfigName=before["EndpointConfigName"]
    )
    project.json("rollout", "--stage", "staging", "--model-package", second)
    sagemaker = project.client("sagemaker")
    sagemaker.create_model(
        ModelName=f"{project.names.name}-by-hand",
        ExecutionRoleArn=project.names.pipeline_role_arn,
        PrimaryContainer={"ModelPackageName": live},
    )
    variant = name["ProductionVariants"][0] | {"ModelName": f"{project.names.name}-by-hand"}
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{project.names.name}-by-hand", ProductionVariants=[variant]
    )
    sagemaker.update_endpoint(
        EndpointName=project.endpoint("staging"), EndpointConfigName=f"{project.names.name}-by-hand"
    )
    result = project.run("rollout", "--stage", "staging", "--model-package", second)
    assert result.exit_code == 4, result.stderr
    assert project.live_package("staging") == live
    # The stack says so too, so that the second version is a real change again.
    assert project.json("rollout", "--stage", "staging", "--model-package", second)["changed"] is True
    assert project.live_package("staging") == second


def test_an_endpoint_that_belongs_to_no_stack_is_left_to_a_person(project, cloudformation, live):
    config = project.client("sagemaker").describe_endpoint(EndpointName=project.endpoint("staging"))
    cloudformation.delete_stack(StackName=project.stack("staging"))
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=project.stack("staging"), WaiterConfig={"Delay": 0.1}
    )
    sagemaker = project.client("sagemaker")
    sagemaker.create_endpoint(
        EndpointName=project.endpoint("staging"), EndpointConfigName=config["EndpointConfigName"]
    )
    result = project.run("rollout", "--stage", "staging", "--model-package", live)
    assert result.exit_code == 1
    assert f"There is an endpoint {project.endpoint('staging')}" in result.stderr
    assert project.run("teardown", "--stage", "staging", "--yes").exit_code == 0
    assert project.json("rollout", "--stage", "staging", "--model-package", live)["verified"] is True


def test_a_rollback_that_failed_is_continued_before_the_next_version(project, cloudformation, live):
    # The endpoint moves on, a later resource fails, and there is no way back: the old configuration is gone.
    sagemaker, good = project.client("sagemaker"), project.register()
    name = sagemaker.describe_endpoint(EndpointName=project.endpoint("staging"))["EndpointConfigName"]
    config = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    template = cloudformation.get_template(StackName=project.stack("staging"))["TemplateBody"]
    document = json.loads(template) if isinstance(template, str) else template
    model = document["Resources"]["Model"]["Properties"]
    late = {
        "PrimaryContainer": {"ModelPackageName": f"{live}000"},
        "ExecutionRoleArn": model["ExecutionRoleArn"],
    }
    document["Resources"]["Late"] = {
        "Type": "AWS::SageMaker::Model",
        "DependsOn": "Endpoint",
        "Properties": late,
    }
    model["PrimaryContainer"]["Environment"]["MODEL_PACKAGE_ARN"] = good
    cloudformation.update_stack(StackName=project.stack("staging"), TemplateBody=json.dumps(document))
    while (
        sagemaker.describe_endpoint(EndpointName=project.endpoint("staging"))["EndpointStatus"] != "Updating"
    ):
        time.sleep(0.02)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    _wait_until_over(cloudformation, project.stack("staging"))
    assert status(project) == "UPDATE_ROLLBACK_FAILED"

    hopeless = project.run("rollout", "--stage", "staging", "--model-package", good)
    assert hopeless.exit_code == 1
    assert "fails again" in hopeless.stderr
    assert "Could not find endpoint configuration" in hopeless.stderr

    variants = config["ProductionVariants"]
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
    result = project.run("rollout", "--stage", "staging", "--model-package", good)
    assert result.exit_code == 0, result.stderr
    assert "continue the rollback that failed" in result.stderr
    assert project.live_package("staging") == good


def _wait_until_over(cloudformation, name):
    for _ in range(600):
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return
        time.sleep(0.1)
    raise AssertionError(stack["StackStatus"])

"""The form that makes a project: it asks for what the template has, and what is posted is a project."""

import json
import re
import time

import pytest

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudformation.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
TEMPLATE = {
    "Description": "Greets whoever asks.",
    "Parameters": {
        "SageMakerProjectName": {"Type": "String"},
        "Greeting": {"Type": "String", "Default": "hello"},
        "Tone": {"Type": "String", "AllowedValues": ["warm", "cool"], "Default": "warm"},
    },
    "Resources": {
        "Greeting": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Type": "String",
                "Name": {"Fn::Sub": "/${SageMakerProjectName}/greeting"},
                "Value": {"Fn::Sub": "${Greeting}, ${Tone}"},
            },
        }
    },
}


@pytest.fixture
def template(aws):
    """A template that Studio lists; its URI."""
    key = "templates/greeting.json"
    aws.client("s3").put_object(
        Bucket=aws.bucket,
        Key=key,
        Body=json.dumps(TEMPLATE),
        Tagging="sagemaker%3Astudio-visibility=true",
    )
    sagemaker = aws.client("sagemaker")
    location = f"s3://{aws.bucket}/templates/"
    made = sagemaker.create_domain(
        DomainName=aws.project.name,
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": aws.role_arn},
        SubnetIds=["subnet-1"],
        VpcId="vpc-1",
        Tags=[{"Key": "sagemaker:projectS3TemplatesLocation", "Value": location}],
    )
    yield f"s3://{aws.bucket}/{key}"
    sagemaker.delete_domain(DomainId=made["DomainId"])


@pytest.fixture
def role(aws):
    """The ARN of a launch role."""
    iam, name = aws.client("iam"), f"{aws.project.name}-launch"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(everything))
    return arn


def test_a_project_is_made_by_the_form_as_it_is_shown(aws, browser, template, role):
    page = browser.page("projects", "new", template=template)
    assert "Greets whoever asks." in page
    names = re.findall(r'<(?:input|select)[^>]* name="([^"]+)"', page)
    assert names == ["token", "template", "name", "role", "parameter:Greeting", "parameter:Tone"]
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    project = f"P-{aws.project.name}"
    form = {"token": token, "template": template, "role": role, "parameter:Greeting": "good day"}

    refused = browser.send("projects", "new", name="", **form)
    assert refused.status_code == 400
    assert "A project needs a name" in refused.text

    made = browser.send("projects", "new", name=project, **form)
    assert made.status_code == 303, made.text
    assert f"/projects/{project}?" in made.headers["Location"]
    sagemaker = aws.client("sagemaker")
    deadline = time.monotonic() + 60
    while sagemaker.describe_project(ProjectName=project)["ProjectStatus"] != "CreateCompleted":
        assert time.monotonic() < deadline, browser.page("projects", project)
        time.sleep(0.05)
    stored = aws.client("ssm").get_parameter(Name=f"/{project}/greeting")["Parameter"]["Value"]
    assert stored == "good day, warm"
    assert "AWS::SSM::Parameter" in browser.page("projects", project)
    sagemaker.delete_project(ProjectName=project)

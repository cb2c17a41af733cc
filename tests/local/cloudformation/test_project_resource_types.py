"""The resource types that a project's template has beside those of an endpoint's stack."""

import json

import pytest
from botocore.exceptions import ClientError

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    ],
}


def document(action, resource="*", **more):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def own(tags):
    return {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")}


def test_an_inline_policy_of_its_own_is_put_into_its_role(aws, deploy):
    iam = aws.client("iam")
    role = ("IAM::Role", {"AssumeRolePolicyDocument": TRUST})

    def policy(action):
        stated = {"RoleName": {"Ref": "Role"}, "PolicyName": "p", "PolicyDocument": document(action)}
        return ("IAM::RolePolicy", stated)

    for action in ("s3:GetObject", "s3:PutObject"):
        name = deploy(Role=role, Policy=policy(action))["Role"]
        found = iam.get_role_policy(RoleName=name, PolicyName="p")["PolicyDocument"]
        assert found["Statement"][0]["Action"] == action
    deploy(Role=role)
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == []


def test_an_identity_provider_and_whom_its_tokens_are_for(aws, deploy):
    iam, url = aws.client("iam"), f"https://{aws.name}.example.com"

    def provider(tag):
        tags = [{"Key": "a", "Value": tag}]
        return ("IAM::OIDCProvider", {"Url": url, "ClientIdList": ["sts.amazonaws.com"], "Tags": tags})

    outputs = {"Arn": {"Fn::GetAtt": "Provider.Arn"}}
    arn = deploy(outputs, Provider=provider("1"))["Provider"]
    assert arn == deploy.outputs["Arn"] == f"arn:aws:iam::123456789012:oidc-provider/{url.partition('//')[2]}"
    deploy(outputs, Provider=provider("2"))
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["ClientIDList"] == ["sts.amazonaws.com"]
    assert own(found["Tags"]) == {"a": "2"}
    deploy(Other=("SQS::Queue", {}))
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def test_a_queue_has_a_policy_as_long_as_the_template_does(aws, deploy):
    sqs, queue = aws.client("sqs"), ("SQS::Queue", {})

    def policy(action):
        stated = document(action, {"Fn::GetAtt": "Queue.Arn"}, Principal="*")
        return ("SQS::QueuePolicy", {"Queues": [{"Ref": "Queue"}], "PolicyDocument": stated})

    for action in ("sqs:SendMessage", "sqs:ReceiveMessage"):
        url = deploy(Queue=queue, Policy=policy(action))["Queue"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy", "QueueArn"])["Attributes"]
        [statement] = json.loads(found["Policy"])["Statement"]
        assert (statement["Action"], statement["Resource"]) == (action, found["QueueArn"])
    deploy(Queue=queue)
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert not found.get("Policy")


def test_a_topic_has_its_default_policy_again_once_the_templates_is_gone(aws, deploy):
    sns, topic = aws.client("sns"), ("SNS::Topic", {})

    def found(arn):
        policy = sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
        return json.loads(policy)["Statement"][0]

    arn = deploy(Topic=topic)["Topic"]
    before = found(arn)
    stated = document("sns:Publish", {"Ref": "Topic"}, Principal={"Service": "events.amazonaws.com"})
    policy = {"Topics": [{"Ref": "Topic"}], "PolicyDocument": stated}
    deploy(Topic=topic, Policy=("SNS::TopicPolicy", policy))
    assert found(arn)["Principal"] == {"Service": "events.amazonaws.com"}
    deploy(Topic=topic)
    assert found(arn) == before


def test_a_functions_events_and_the_key_of_its_variables(aws, deploy):
    lambda_ = aws.client("lambda")
    stated = {
        "Code": {"ZipFile": "def handler(event, context): pass"},
        "Handler": "index.handler",
        "Runtime": "python3.12",
        "Role": {"Fn::GetAtt": "Role.Arn"},
        "KmsKeyArn": {"Fn::GetAtt": "Key.Arn"},
    }
    fixed = {
        "Role": ("IAM::Role", {"AssumeRolePolicyDocument": TRUST}),
        "Key": ("KMS::Key", {"KeyPolicy": document("kms:*", Principal={"AWS": "*"})}),
        "Queue": ("SQS::Queue", {}),
    }

    def resources(retries, **more):
        config = {
            "FunctionName": {"Ref": "Function"},
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": retries,
            "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": "Queue.Arn"}}},
        }
        return {
            **fixed,
            "Function": ("Lambda::Function", {**stated, **more}),
            "Events": ("Lambda::EventInvokeConfig", config),
        }

    made = deploy(**resources("1"))
    asked = {"FunctionName": made["Function"], "Qualifier": "$LATEST"}
    config = lambda_.get_function_event_invoke_config(**asked)
    queue = made["Queue"].rpartition("/")[2]
    assert config["MaximumRetryAttempts"] == 1
    assert config["DestinationConfig"]["OnFailure"]["Destination"].endswith(f":{queue}")
    key = lambda_.get_function_configuration(FunctionName=made["Function"])["KMSKeyArn"]
    assert key.endswith(made["Key"])

    deploy(**resources(0, Description="changed"))
    assert lambda_.get_function_event_invoke_config(**asked)["MaximumRetryAttempts"] == 0
    found = lambda_.get_function_configuration(FunctionName=made["Function"])
    assert (found["KMSKeyArn"], found["Description"]) == (key, "changed")
    deploy(**fixed, Function=("Lambda::Function", stated))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        lambda_.get_function_event_invoke_config(**asked)


def test_a_model_package_group_that_holds_a_version_cannot_be_deleted(aws, real_stacks):
    sagemaker, name = aws.client("sagemaker"), f"{aws.name}-registry"
    group = {"ModelPackageGroupName": name, "ModelPackageGroupDescription": "models"}
    template = {"Resources": {"Group": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": group}}}
    assert real_stacks.create("registry", template)["StackStatus"] == "CREATE_COMPLETE"
    [(_, arn)] = real_stacks.resources("registry").values()
    assert sagemaker.describe_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"] == arn
    real_stacks.update("registry", template, Tags=[{"Key": "a", "Value": "1"}])
    assert own(sagemaker.list_tags(ResourceArn=arn)["Tags"]) == {"a": "1"}

    package = sagemaker.create_model_package(ModelPackageGroupName=name)["ModelPackageArn"]
    assert real_stacks.delete("registry")["StackStatus"] == "DELETE_FAILED"
    assert "Delete them first" in real_stacks.reason("registry", "Group", "DELETE_FAILED")
    sagemaker.delete_model_package(ModelPackageName=package)
    assert real_stacks.delete("registry")["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=name)


def test_the_service_catalog_is_refused_by_name(real_stacks):
    portfolio = {"Type": "AWS::ServiceCatalog::Portfolio", "Properties": {}}
    with pytest.raises(ClientError, match=r"Unrecognized resource types: \[AWS::ServiceCatalog::Portfolio\]"):
        real_stacks.create("catalog", {"Resources": {"Portfolio": portfolio}})

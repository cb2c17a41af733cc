"""The resource types against the embedded AWS: each makes, changes and deletes what its service then really has."""

import json

import pytest
from botocore.exceptions import ClientError

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    ],
}
ALARM = {
    "Namespace": "N",
    "MetricName": "M",
    "Statistic": "Sum",
    "Period": "60",
    "EvaluationPeriods": 1,
    "Threshold": "0.5",
    "ComparisonOperator": "GreaterThanThreshold",
}


def own(tags):
    """Tags without the system's."""
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}


def by_key(tags):
    return own({tag["Key"]: tag["Value"] for tag in tags})


def test_a_role_and_its_policies(aws, deploy):
    iam = aws.client("iam")
    inline = [{"PolicyName": "one", "PolicyDocument": DOCUMENT}]
    policy = iam.create_policy(PolicyName=f"{aws.bucket}-managed", PolicyDocument=json.dumps(DOCUMENT))[
        "Policy"
    ]

    role = deploy(
        {"Arn": {"Fn::GetAtt": "Role.Arn"}},
        Role=(
            "IAM::Role",
            {"AssumeRolePolicyDocument": TRUST, "Policies": inline, "Tags": [{"Key": "a", "Value": "1"}]},
        ),
    )["Role"]
    assert iam.get_role(RoleName=role)["Role"]["Arn"] == deploy.outputs["Arn"]
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["one"]

    deploy(
        Role=(
            "IAM::Role",
            {
                "AssumeRolePolicyDocument": TRUST,
                "Description": "changed",
                "MaxSessionDuration": 7200,
                "PermissionsBoundary": policy["Arn"],
                "ManagedPolicyArns": [policy["Arn"]],
                "Tags": [{"Key": "a", "Value": "2"}],
            },
        )
    )
    found = iam.get_role(RoleName=role)["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("changed", 7200)
    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == policy["Arn"]
    assert by_key(found["Tags"]) == {"a": "2"}
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [policy["Arn"]]


def test_policies_of_their_own_are_put_into_roles_and_taken_away_again(aws, deploy):
    iam = aws.client("iam")
    roles = {name: ("IAM::Role", {"AssumeRolePolicyDocument": TRUST}) for name in ("A", "B")}

    def policies(holder, action):
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}],
        }
        inline = {"PolicyName": "inline", "PolicyDocument": document, "Roles": [{"Ref": holder}]}
        managed = {"PolicyDocument": document, "Roles": [{"Ref": holder}]}
        return {"Inline": ("IAM::Policy", inline), "Managed": ("IAM::ManagedPolicy", managed)}

    def held(role):
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        return iam.list_role_policies(RoleName=role)["PolicyNames"], [each["PolicyArn"] for each in attached]

    made = deploy(**roles, **policies("A", "s3:GetObject"))
    assert (held(made["A"]), held(made["B"])) == ((["inline"], [made["Managed"]]), ([], []))

    for action in ("s3:PutObject", "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:ListBucket"):
        deploy(**roles, **policies("B", action))

    assert (held(made["A"]), held(made["B"])) == (([], []), (["inline"], [made["Managed"]]))
    versions = iam.list_policy_versions(PolicyArn=made["Managed"])["Versions"]
    (current,) = [version["VersionId"] for version in versions if version["IsDefaultVersion"]]
    document = iam.get_policy_version(PolicyArn=made["Managed"], VersionId=current)["PolicyVersion"][
        "Document"
    ]
    assert document["Statement"][0]["Action"] == "s3:ListBucket"


def test_a_log_group_and_its_retention(aws, deploy):
    logs = aws.client("logs")

    name = deploy(Group=("Logs::LogGroup", {"RetentionInDays": "7", "Tags": [{"Key": "a", "Value": "1"}]}))[
        "Group"
    ]
    (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert group["retentionInDays"] == 7

    deploy(Group=("Logs::LogGroup", {"Tags": [{"Key": "b", "Value": "2"}]}))
    (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert "retentionInDays" not in group
    assert own(logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]) == {"b": "2"}


def test_a_topic_and_a_queue_that_listens_to_it(aws, deploy):
    sns, sqs = aws.client("sns"), aws.client("sqs")
    queues = {name: ("SQS::Queue", {"VisibilityTimeout": 45}) for name in ("One", "Two")}

    def topic(name, queue):
        subscription = [{"Protocol": "sqs", "Endpoint": {"Fn::GetAtt": [queue, "Arn"]}}]
        return {"Topic": ("SNS::Topic", {"DisplayName": name, "Subscription": subscription})}

    made = deploy({"Two": {"Fn::GetAtt": "Two.Arn"}}, **queues, **topic("first", "One"))
    deploy(**queues, **topic("second", "Two"), Third=("SQS::Queue", {"FifoQueue": True}))

    attributes = sns.get_topic_attributes(TopicArn=made["Topic"])["Attributes"]
    assert attributes["DisplayName"] == "second"
    found = sns.list_subscriptions_by_topic(TopicArn=made["Topic"])["Subscriptions"]
    two = sqs.get_queue_attributes(QueueUrl=made["Two"], AttributeNames=["All"])["Attributes"]
    assert [each["Endpoint"] for each in found] == [two["QueueArn"]]
    assert two["VisibilityTimeout"] == "45"


def test_the_attributes_of_a_queue_change_in_place_and_fall_back_to_their_defaults(aws, deploy):
    sqs = aws.client("sqs")
    deploy(Queue=("SQS::Queue", {"VisibilityTimeout": 45}))

    url = deploy(Queue=("SQS::Queue", {"DelaySeconds": 5}))["Queue"]

    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (found["VisibilityTimeout"], found["DelaySeconds"]) == ("30", "5")


def test_a_bucket_with_its_settings_and_policy(aws, deploy):
    s3 = aws.client("s3")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteBucket",
        "Resource": "arn:aws:s3:::*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}

    def bucket(**properties):
        return {
            "Bucket": ("S3::Bucket", properties),
            "Policy": ("S3::BucketPolicy", {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": policy}),
        }

    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    name = deploy(
        {"Arn": {"Fn::GetAtt": "Bucket.Arn"}},
        **bucket(
            BucketEncryption={"ServerSideEncryptionConfiguration": [encryption]},
            VersioningConfiguration={"Status": "Enabled"},
            LifecycleConfiguration={"Rules": [{"Id": "old", "Status": "Enabled", "ExpirationInDays": "30"}]},
            CorsConfiguration={
                "CorsRules": [
                    {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "ExposedHeaders": ["ETag"]}
                ]
            },
            PublicAccessBlockConfiguration={"BlockPublicAcls": "true", "BlockPublicPolicy": True},
            Tags=[{"Key": "team", "Value": "reviews"}],
        ),
    )["Bucket"]

    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert rule["Expiration"] == {"Days": 30}
    assert s3.get_bucket_cors(Bucket=name)["CORSRules"][0]["ExposeHeaders"] == ["ETag"]
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["BlockPublicAcls"]
    assert by_key(s3.get_bucket_tagging(Bucket=name)["TagSet"]) == {"team": "reviews"}
    assert json.loads(s3.get_bucket_policy(Bucket=name)["Policy"]) == policy
    assert deploy.outputs["Arn"] == f"arn:aws:s3:::{name}"

    deploy(**bucket(NotificationConfiguration={"EventBridgeConfiguration": {"EventBridgeEnabled": True}}))

    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"
    with pytest.raises(ClientError, match="CORS"):
        s3.get_bucket_cors(Bucket=name)


def test_a_bucket_that_is_not_empty_fails_the_deletion_with_the_apis_words(aws, real_stacks):
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}
    real_stacks.create("full", template)
    name = real_stacks.resources("full")["Bucket"][1]
    aws.client("s3").put_object(Bucket=name, Key="k", Body=b"")

    stack = real_stacks.delete("full")

    assert stack["StackStatus"] == "DELETE_FAILED"
    reason = real_stacks.reason("full", "Bucket", "DELETE_FAILED")
    assert "The bucket you tried to delete is not empty" in reason
    assert "(Service: S3, Status Code: 409" in reason
    aws.client("s3").delete_object(Bucket=name, Key="k")
    assert real_stacks.delete("full")["StackStatus"] == "DELETE_COMPLETE"


def test_a_key_and_its_alias(aws, deploy, real_stacks):
    kms = aws.client("kms")
    alias = f"alias/{real_stacks.named('key')}"
    account = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "kms:*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [account]}

    made = deploy(
        Key=("KMS::Key", {"Description": "first", "EnableKeyRotation": True}),
        Alias=("KMS::Alias", {"AliasName": alias, "TargetKeyId": {"Ref": "Key"}}),
    )
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"] == made["Key"]
    assert kms.get_key_rotation_status(KeyId=made["Key"])["KeyRotationEnabled"]

    deploy(
        Key=("KMS::Key", {"Description": "second", "Enabled": False, "KeyPolicy": policy}),
        Alias=("KMS::Alias", {"AliasName": alias, "TargetKeyId": {"Ref": "Key"}}),
    )
    found = kms.describe_key(KeyId=made["Key"])["KeyMetadata"]
    assert (found["Description"], found["Enabled"]) == ("second", False)
    assert json.loads(kms.get_key_policy(KeyId=made["Key"], PolicyName="default")["Policy"]) == policy


def test_a_deleted_key_waits_for_its_deletion(aws, real_stacks):
    real_stacks.create(
        "key", {"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {"PendingWindowInDays": 7}}}}
    )
    key = real_stacks.resources("key")["Key"][1]

    real_stacks.delete("key")

    assert aws.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_a_property_that_the_api_does_not_know_fails_the_resource_naming_it(real_stacks):
    container = {"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1", "Colour": "red"}
    properties = {"ExecutionRoleArn": "arn:aws:iam::123456789012:role/r", "PrimaryContainer": container}
    model = {"Type": "AWS::SageMaker::Model", "Properties": properties}

    real_stacks.create("unknown", {"Resources": {"Model": model}})

    reason = real_stacks.reason("unknown", "Model", "CREATE_FAILED")
    assert "Properties validation failed for resource Model" in reason
    assert 'Unknown parameter in PrimaryContainer: "Colour"' in reason


def test_what_an_api_refuses_is_the_reason_in_its_own_words(real_stacks):
    alias = {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/x", "TargetKeyId": "nobody"}}

    real_stacks.create("refused", {"Resources": {"Alias": alias}})

    reason = real_stacks.reason("refused", "Alias", "CREATE_FAILED")
    assert "(Service: KMS, Status Code: 400, Request ID: " in reason
    assert reason.endswith("HandlerErrorCode: NotFound)")


def test_a_rule_and_its_targets(aws, deploy):
    events = aws.client("events")
    queue = ("SQS::Queue", {})

    def rule(*ids, **properties):
        targets = [{"Id": each, "Arn": {"Fn::GetAtt": "Queue.Arn"}} for each in ids]
        return (
            "Events::Rule",
            {"EventPattern": {"source": ["aws.sagemaker"]}, "Targets": targets, **properties},
        )

    made = deploy(Queue=queue, Rule=rule("a", "b", State="DISABLED"))
    assert events.describe_rule(Name=made["Rule"])["State"] == "DISABLED"

    deploy(Queue=queue, Rule=rule("b", "c", State="ENABLED"))
    found = events.describe_rule(Name=made["Rule"])
    assert (found["State"], json.loads(found["EventPattern"])) == ("ENABLED", {"source": ["aws.sagemaker"]})
    targets = events.list_targets_by_rule(Rule=made["Rule"])["Targets"]
    assert sorted(target["Id"] for target in targets) == ["b", "c"]


def test_a_parameter_of_ssm_and_its_value_as_an_attribute(aws, deploy):
    value = {"Value": {"Fn::GetAtt": "Parameter.Value"}}
    name = deploy(value, Parameter=("SSM::Parameter", {"Type": "String", "Value": "1", "Tags": {"a": "1"}}))[
        "Parameter"
    ]
    assert deploy.outputs == {"Value": "1"}

    deploy(value, Parameter=("SSM::Parameter", {"Type": "String", "Value": "2", "Tags": {"a": "2"}}))

    assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "2"
    assert deploy.outputs == {"Value": "2"}


def test_alarms_and_a_dashboard(aws, deploy):
    cloudwatch = aws.client("cloudwatch")
    dashboard = {"DashboardBody": {"widgets": []}, "Tags": [{"Key": "a", "Value": "1"}]}

    def alarms(threshold):
        return {"Alarm": ("CloudWatch::Alarm", {**ALARM, "Threshold": threshold})}

    made = deploy(**alarms("0.5"), Board=("CloudWatch::Dashboard", dashboard))
    retagged = {**dashboard, "Tags": [{"Key": "b", "Value": "2"}]}
    arn = f"arn:aws:cloudwatch::123456789012:dashboard/{made['Board']}"
    assert by_key(cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]) == {"a": "1"}
    deploy(**alarms("0.9"), Board=("CloudWatch::Dashboard", retagged))
    assert by_key(cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]) == {"b": "2"}

    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[made["Alarm"]])["MetricAlarms"]
    assert (alarm["Threshold"], alarm["Period"]) == (0.9, 60)
    assert cloudwatch.get_dashboard(DashboardName=made["Board"])["DashboardBody"] == '{"widgets": []}'

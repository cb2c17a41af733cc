"""Names, numbers, tags and messages: what AWS refuses is refused with its error, and what is just allowed is taken."""

import itertools
import json
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)
_numbers = itertools.count(1)
_clients: dict[str, dict[str, Any]] = {}


class Calls:
    """Calls that boto3 does not check before it sends them: what is refused, the server refuses."""

    def __init__(self, aws):
        self.aws = aws
        self.name = f"{aws.name}-{next(_numbers)}"

    def client(self, service):
        made = _clients.setdefault(self.aws.server.endpoint_url, {})
        if service not in made:
            keys = self.aws.client("sts")._request_signer._credentials
            made[service] = boto3.client(
                service,
                region_name=self.aws.region,
                endpoint_url=self.aws.server.endpoint_url,
                aws_access_key_id=keys.access_key,
                aws_secret_access_key=keys.secret_key,
                aws_session_token=keys.token,
                config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
            )
        return made[service]

    def bucket(self, name):
        self.client("s3").create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": self.aws.region}
        )

    def bucket_tags(self, pairs):
        tags = [{"Key": key, "Value": value} for key, value in pairs]
        self.client("s3").put_bucket_tagging(Bucket=self.aws.bucket, Tagging={"TagSet": tags})

    def object_tags(self, text):
        self.client("s3").put_object(Bucket=self.aws.bucket, Key="k", Body=b"", Tagging=text)

    def copied_metadata(self, size):
        s3, place = self.client("s3"), {"Bucket": self.aws.bucket}
        s3.put_object(**place, Key="k", Body=b"")
        source = f"{self.aws.bucket}/k"
        more = {"Metadata": {"a": "x" * (size - 1)}, "MetadataDirective": "REPLACE"}
        s3.copy_object(**place, Key="copy", CopySource=source, **more)

    def upload_metadata(self, size):
        self.client("s3").create_multipart_upload(
            Bucket=self.aws.bucket, Key="k", Metadata={"a": "x" * (size - 1)}
        )

    def read_key(self, size):
        self.client("s3").head_object(Bucket=self.aws.bucket, Key="k" * size)

    def role(self, request):
        made = {"RoleName": self.name, "AssumeRolePolicyDocument": TRUST, **request}
        self.client("iam").create_role(**made)

    def role_tags(self, keys):
        self.role({"Tags": [{"Key": key, "Value": "v"} for key in keys]})

    def inline_policy(self, name):
        self.role({})
        statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        self.client("iam").put_role_policy(RoleName=self.name, PolicyName=name, PolicyDocument=document)

    def provider(self, url):
        self.client("iam").create_open_id_connect_provider(Url=url.format(self.name))

    def session(self, request):
        root = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": root})
        self.role({"MaxSessionDuration": 43_200, "AssumeRolePolicyDocument": trust})
        arn = f"arn:aws:iam::123456789012:role/{self.name}"
        self.client("sts").assume_role(**{"RoleArn": arn, "RoleSessionName": "me", **request})

    def publish(self, request):
        topic = self.client("sns").create_topic(Name=self.name)["TopicArn"]
        self.client("sns").publish(**{"TopicArn": topic, "Message": "m", **request})

    def publish_batch(self, ids):
        topic = self.client("sns").create_topic(Name=self.name)["TopicArn"]
        entries = [{"Id": each, "Message": "m"} for each in ids]
        self.client("sns").publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)

    def topic(self, attributes):
        self.client("sns").create_topic(Name=self.name, Attributes=attributes)

    def topic_attribute(self, name):
        topic = self.client("sns").create_topic(Name=self.name)["TopicArn"]
        self.client("sns").set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue="1")

    def queue(self, attributes):
        self.client("sqs").create_queue(QueueName=self.name, Attributes=attributes)

    def send(self, request):
        url = self.client("sqs").create_queue(QueueName=self.name)["QueueUrl"]
        self.client("sqs").send_message(**{"QueueUrl": url, "MessageBody": "m", **request})

    def send_attribute(self, stated):
        name, kind, value = stated
        self.send({"MessageAttributes": {name: {"DataType": kind, "StringValue": value}}})

    def send_batch(self, entries):
        url = self.client("sqs").create_queue(QueueName=self.name)["QueueUrl"]
        entries = [{"Id": each, "MessageBody": body} for each, body in entries]
        self.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)

    def receive(self, request):
        url = self.client("sqs").create_queue(QueueName=self.name)["QueueUrl"]
        self.client("sqs").send_message(QueueUrl=url, MessageBody="m")
        self.client("sqs").receive_message(**{"QueueUrl": url, **request})

    def metric(self, request):
        datum = {"MetricName": "m", "Value": 1.0}
        namespace = request.pop("Namespace", "n")
        data = [] if request == {"Empty": True} else [datum | request]
        self.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)

    def dimensions(self, pairs):
        self.metric({"Dimensions": [{"Name": name, "Value": value} for name, value in pairs]})

    def parameter(self, name):
        self.client("ssm").put_parameter(Name=name, Type="String", Value="v", Overwrite=True)

    def secret(self, name):
        self.client("secretsmanager").create_secret(Name=name.format(self.name), SecretString="s")

    def alias(self, name):
        key = self.client("kms").create_key()["KeyMetadata"]["KeyId"]
        self.client("kms").create_alias(AliasName=name.format(self.name), TargetKeyId=key)

    def deletion(self, days):
        key = self.client("kms").create_key()["KeyMetadata"]["KeyId"]
        self.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=days)

    def group(self, name):
        self.client("logs").create_log_group(logGroupName=name.format(self.name))

    def stream(self, name):
        self.group("{}")
        self.client("logs").create_log_stream(logGroupName=self.name, logStreamName=name)

    def retention(self, days):
        self.group("{}")
        self.client("logs").put_retention_policy(logGroupName=self.name, retentionInDays=days)

    def tagged(self, stated):
        service, keys = stated
        tags = [{"Key": key, "Value": "v"} for key in keys]
        match service:
            case "sns":
                self.client("sns").create_topic(Name=self.name, Tags=tags)
            case "sqs":
                self.client("sqs").create_queue(QueueName=self.name, tags=dict.fromkeys(keys, "v"))
            case "kms":
                self.client("kms").create_key(Tags=[{"TagKey": key, "TagValue": "v"} for key in keys])
            case "logs":
                self.client("logs").create_log_group(logGroupName=self.name, tags=dict.fromkeys(keys, "v"))
            case "ssm":
                self.client("ssm").put_parameter(Name=self.name, Type="String", Value="v", Tags=tags)
            case "secretsmanager":
                self.client("secretsmanager").create_secret(Name=self.name, SecretString="s", Tags=tags)
            case "sagemaker":
                self.client("sagemaker").create_model_package_group(
                    ModelPackageGroupName=self.name, Tags=tags
                )
            case "events":
                self.client("events").put_rule(Name=self.name, EventPattern='{"source": ["a"]}', Tags=tags)


TEXT = {"DataType": "String", "StringValue": "v"}
DAY = 24 * 3600

# The call, what is refused, its error, and what is just allowed.
CASES = [
    ("bucket", "ab", "InvalidBucketName", "abc"),
    ("bucket", "a" * 64, "InvalidBucketName", "a" * 63),
    ("bucket", "Capital", "InvalidBucketName", "capital"),
    ("bucket", "under_score", "InvalidBucketName", "under.score"),
    ("bucket", "-dash", "InvalidBucketName", "da-sh"),
    ("bucket", "dash-", "InvalidBucketName", "d-h"),
    ("bucket", "two..dots", "InvalidBucketName", "two.dots.ok"),
    ("bucket", "192.168.5.4", "InvalidBucketName", "192.168.5.4.5"),
    ("bucket", "xn--abc", "InvalidBucketName", "xn-abc"),
    ("bucket", "sthree-abc", "InvalidBucketName", "sthreeabc"),
    ("bucket", "amzn-s3-demo-x", "InvalidBucketName", "amzn-s3-x"),
    ("bucket", "abc-s3alias", "InvalidBucketName", "abcs3alias"),
    ("bucket", "abc--ol-s3", "InvalidBucketName", "abc-ol-s3"),
    ("bucket", "abc.mrap", "InvalidBucketName", "abcmrap"),
    ("bucket", "abc--x-s3", "NoSuchBucket", "abc-x-s3"),  # boto3 asks S3 Express, which there is none of
    ("bucket", "abc--table-s3", "InvalidBucketName", "abc-table-s3"),
    ("bucket_tags", [("a", "1"), ("a", "2")], "InvalidTag", [("a", "1"), ("A", "2")]),
    ("bucket_tags", [("aws:a", "1")], "InvalidTag", [("awsa", "1")]),
    ("bucket_tags", [("k" * 129, "")], "InvalidTag", [("k" * 128, "")]),
    ("bucket_tags", [("k", "v" * 257)], "InvalidTag", [("k", "v" * 256)]),
    ("bucket_tags", [("k", "<v>")], "InvalidTag", [("k", "é +-=._:/@")]),
    ("object_tags", "a=1&a=2", "InvalidTag", "a=1&b=2"),
    ("object_tags", "aws%3Aa=1", "InvalidTag", "a%3Aaws=1"),
    ("copied_metadata", 2049, "MetadataTooLarge", 2048),
    ("upload_metadata", 2049, "MetadataTooLarge", 2048),
    ("role", {"MaxSessionDuration": 3_599}, "ValidationError", {"MaxSessionDuration": 3_600}),
    ("role", {"MaxSessionDuration": 43_201}, "ValidationError", {"MaxSessionDuration": 43_200}),
    ("role", {"RoleName": "a b"}, "ValidationError", {"RoleName": "a_b+=,.@-"}),
    ("role", {"RoleName": "é"}, "ValidationError", {"RoleName": "e"}),
    ("role", {"Path": "/half"}, "ValidationError", {"Path": "/whole/"}),
    ("role", {"Path": "no/"}, "ValidationError", {"Path": "/"}),
    ("role", {"Description": "x" * 1001}, "ValidationError", {"Description": "x" * 1000}),
    ("role_tags", ["aws:x"], "InvalidInput", ["awsx"]),
    ("role_tags", ["x", "X"], "InvalidInput", ["x", "y"]),
    ("role_tags", ["<"], "ValidationError", ["é"]),
    ("inline_policy", "a b", "ValidationError", "a-b"),
    ("provider", "http://{}.example", "InvalidInput", "https://{}.example"),
    ("session", {"RoleSessionName": "a b"}, "ValidationError", {"RoleSessionName": "a@b"}),
    ("session", {"RoleSessionName": "a"}, "ValidationError", {"RoleSessionName": "ab"}),
    ("session", {"RoleSessionName": "a" * 65}, "ValidationError", {"RoleSessionName": "a" * 64}),
    ("session", {"DurationSeconds": 899}, "ValidationError", {"DurationSeconds": 900}),
    ("session", {"DurationSeconds": 43_201}, "ValidationError", {"DurationSeconds": 43_200}),
    ("publish", {"Message": ""}, "InvalidParameter", {"Message": " "}),
    ("publish", {"Subject": "two\nlines"}, "InvalidParameter", {"Subject": "one line"}),
    ("publish", {"MessageAttributes": {"a b": TEXT}}, "ParameterValueInvalid", {"MessageAttributes": {"a.b": TEXT}}),
    ("publish_batch", ["a", "a"], "BatchEntryIdsNotDistinct", ["a", "b"]),
    ("publish_batch", ["a b"], "InvalidBatchEntryId", ["a_b-C"]),
    ("publish_batch", [], "EmptyBatchRequest", ["a"]),
    ("topic", {"Colour": "red"}, "InvalidParameter", {"DisplayName": "red"}),
    ("topic", {"MaximumMessageSize": "2048"}, "InvalidParameter", {}),
    ("topic_attribute", "Colour", "InvalidParameter", "SignatureVersion"),
    ("queue", {"Colour": "red"}, "InvalidAttributeName", {"DelaySeconds": "0"}),
    ("queue", {"MessageRetentionPeriod": "59"}, "InvalidAttributeValue", {"MessageRetentionPeriod": "60"}),
    ("queue", {"MaximumMessageSize": "1023"}, "InvalidAttributeValue", {"MaximumMessageSize": "1024"}),
    ("queue", {"VisibilityTimeout": "soon"}, "InvalidAttributeValue", {"VisibilityTimeout": "0"}),
    ("queue", {"DelaySeconds": "-1"}, "InvalidAttributeValue", {}),
    ("queue", {"RedrivePolicy": "x"}, "InvalidAttributeValue", {}),
    ("send", {"MessageBody": ""}, "MissingParameter", {"MessageBody": " "}),
    ("send", {"MessageBody": "a\x01b"}, "InvalidMessageContents", {"MessageBody": "a\tb\U0001f600"}),
    ("send", {"DelaySeconds": -1}, "InvalidParameterValue", {"DelaySeconds": 0}),
    ("send_attribute", ("AWS.x", "String", "v"), "InvalidParameterValue", ("x.AWS", "String", "v")),
    ("send_attribute", ("a..b", "String", "v"), "InvalidParameterValue", ("a.b", "String", "v")),
    ("send_attribute", ("a" * 257, "String", "v"), "InvalidParameterValue", ("a" * 256, "String", "v")),
    ("send_attribute", ("a", "Text", "v"), "InvalidParameterValue", ("a", "String.text", "v")),
    ("send_attribute", ("a", "String", ""), "InvalidParameterValue", ("a", "Number", "1")),
    ("send_batch", [("a b", "m")], "InvalidBatchEntryId", [("a_b", "m")]),
    ("send_batch", [("a" * 81, "m")], "InvalidBatchEntryId", [("a" * 80, "m")]),
    ("send_batch", [("a", "m"), ("a", "m")], "BatchEntryIdsNotDistinct", [("a", "m"), ("A", "m")]),
    ("send_batch", [], "EmptyBatchRequest", [("a", "m")]),
    ("send_batch", [("a", "\x00")], "InvalidMessageContents", [("a", "\n")]),
    ("receive", {"VisibilityTimeout": 43_201}, "InvalidParameterValue", {"VisibilityTimeout": 43_200}),
    ("receive", {"WaitTimeSeconds": 21}, "InvalidParameterValue", {"WaitTimeSeconds": 20}),
    ("receive", {"MaxNumberOfMessages": 11}, "InvalidParameterValue", {"MaxNumberOfMessages": 10}),
    ("metric", {"Namespace": "AWS/Mine"}, "InvalidParameterValue", {"Namespace": "Mine/AWS"}),
    ("metric", {"Namespace": ":n"}, "ValidationError", {"Namespace": "n:"}),
    ("metric", {"Value": float("nan")}, "InvalidParameterValue", {"Value": 0.0}),
    ("metric", {"Value": float("inf")}, "InvalidParameterValue", {"Value": -(2.0**360)}),
    ("metric", {"StorageResolution": 5}, "InvalidParameterValue", {"StorageResolution": 1}),
    ("metric", {"Unit": "Furlongs"}, "ValidationError", {"Unit": "Count"}),
    ("metric", {"Empty": True}, "MissingParameter", {}),
    ("dimensions", [("é", "v")], "InvalidParameterValue", [("e", "v")]),
    ("dimensions", [(":a", "v")], "InvalidParameterValue", [("a:", "v")]),
    ("dimensions", [("a", "  ")], "InvalidParameterValue", [("a", " v ")]),
    ("dimensions", [(f"n{n}", "v") for n in range(31)], "ValidationError", [(f"n{n}", "v") for n in range(30)]),
    ("parameter", "a b", "ValidationException", "a.b_c-d"),
    ("parameter", "a/b", "ValidationException", "/a/b"),
    ("parameter", "AWSx", "ValidationException", "/xAWS"),
    ("parameter", "ssm-x", "ValidationException", "x-ssm"),
    ("secret", "{} a", "ValidationException", "{}/_+=.@-"),
    ("alias", "alias/aws/{}", "NotAuthorizedException", "alias/awsome/{}"),
    ("alias", "{}", "ValidationException", "alias/{}"),
    ("deletion", 6, "ValidationException", 7),
    ("deletion", 31, "ValidationException", 30),
    ("group", "aws/{}", "InvalidParameterException", "/aws/{}"),
    ("group", "{} a", "InvalidParameterException", "{}#a"),
    ("stream", "a:b", "InvalidParameterException", "a/b"),
    ("retention", 2, "InvalidParameterException", 3),
    ("retention", 3_652, "InvalidParameterException", 3_653),
    *[
        ("tagged", (service, keys), code, (service, ["x", "y"]))
        for service, code in {
            "sns": "InvalidParameter",
            "kms": "TagException",
            "ssm": "ValidationException",
            "secretsmanager": "InvalidParameterException",
            "sagemaker": "ValidationException",
            "events": "ValidationException",
        }.items()
        for keys in (["aws:x"], ["AWS:x"], ["x", "x"])
    ],
    ("tagged", ("sqs", ["aws:x"]), "InvalidParameterValue", ("sqs", ["x"])),
    ("tagged", ("logs", ["aws:x"]), "InvalidParameterException", ("logs", ["x"])),
]  # fmt: skip


@pytest.mark.parametrize(("call", "refused", "code", "allowed"), CASES)
def test_what_aws_refuses_is_refused_and_what_is_just_allowed_is_not(aws, call, refused, code, allowed):
    with pytest.raises(ClientError) as caught:
        getattr(Calls(aws), call)(refused)
    said = caught.value.response["Error"]
    assert said["Code"].removeprefix("AWS.SimpleQueueService.") == code, said
    getattr(Calls(aws), call)(allowed)


def test_a_key_that_is_too_long_is_refused_by_every_operation_on_objects(aws):
    s3, place = aws.client("s3"), {"Bucket": aws.bucket, "Key": "k" * 1025}
    for call in (s3.get_object, s3.delete_object, s3.create_multipart_upload):
        with pytest.raises(ClientError, match="KeyTooLongError"):
            call(**place)


def test_awss_own_services_use_the_names_that_are_theirs(aws):
    """CloudFormation's tags, and the namespaces of its services' metrics."""
    aws.server.account.client("cloudwatch").put_metric_data(
        Namespace="AWS/Own", MetricData=[{"MetricName": aws.name, "Value": 1.0}]
    )
    template = {
        "Resources": {"T": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}}
    }
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName=aws.name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=aws.name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )


def test_the_metrics_of_a_request_are_not_counted_when_it_is_small_as_sent(aws):
    """Clients compress: what counts is the body as it was sent."""
    data = [
        {"MetricName": "m", "Value": 1.0, "Dimensions": [{"Name": "d" * 200, "Value": "v" * 1000}]}
    ] * 1000
    aws.client("cloudwatch").put_metric_data(Namespace="n", MetricData=data)

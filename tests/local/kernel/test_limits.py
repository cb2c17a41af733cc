"""Every size that AWS's services state, and that the table of limits has, is refused one beyond it."""

import io
import json
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

from local_aws.checks.sizes import check
from local_aws.cloudformation.templates import template as templates
from local_aws.cloudformation.templates.checks import check as check_template
from local_aws.cloudformation.templates.parameters import Parameter
from local_aws.containers.errors import ContainerError
from local_aws.identity.actions.api_request import ApiRequest
from local_aws.kernel.limits import LIMITS
from local_aws.kernel.wire import ServiceError
from local_aws.lambda_.invocation import execution
from local_aws.sagemaker.workflow import definition, validation

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
STATEMENT = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
OPEN = STATEMENT | {"Principal": "*"}
TOPIC = {"Type": "AWS::SNS::Topic"}


def document(statement, size=0):
    """A policy of as many characters, without white space, as `size`."""
    text = json.dumps({"Version": "2012-10-17", "Id": "", "Statement": [statement]}, separators=(",", ":"))
    return text.replace('"Id":""', f'"Id":"{"x" * max(0, size - len(text))}"')


def tags(count):
    return [{"Key": f"k{number}", "Value": "v"} for number in range(count)]


def zipped(size):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.py", b" " * size)
    return buffer.getvalue()


class Calls:
    """For each limit a request of that size."""

    def __init__(self, aws):
        self.aws = aws
        self.name = f"{aws.bucket}-limits"

    def client(self, service):
        return self.aws.client(service)

    def role(self):
        iam = self.client("iam")
        document_ = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        try:
            return iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=document_)["Role"]["Arn"]
        except iam.exceptions.EntityAlreadyExistsException:
            return iam.get_role(RoleName=self.name)["Role"]["Arn"]

    def function(self, **changes):
        made = {
            "FunctionName": self.name,
            "Runtime": "python3.13",
            "Handler": "app.handler",
            "Role": self.role(),
            "Code": {"ZipFile": zipped(1)},
        }
        self.client("lambda").create_function(**{**made, **changes})
        waiter = self.client("lambda").get_waiter("function_active_v2")
        waiter.wait(FunctionName=self.name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})

    def template(self, **sections):
        check_template(templates.parse(json.dumps({"Resources": {"T": TOPIC}, **sections})), _AnyType())

    def cloudformation_template_body(self, n):
        body = json.dumps({"Description": "", "Resources": {"T": TOPIC}})
        self.client("cloudformation").validate_template(TemplateBody=body + " " * (n - len(body)))

    def cloudformation_template_object(self, n):
        body = json.dumps({"Resources": {"T": TOPIC}})
        self.client("s3").put_object(
            Bucket=self.aws.bucket, Key="t.json", Body=(body + " " * (n - len(body))).encode()
        )
        url = f"{self.aws.server.endpoint_url}/{self.aws.bucket}/t.json"
        self.client("cloudformation").validate_template(TemplateURL=url)

    def cloudformation_template_description(self, n):
        self.template(Description="x" * n)

    def cloudformation_resources(self, n):
        self.template(Resources={f"T{number}": TOPIC for number in range(n)})

    def cloudformation_outputs(self, n):
        self.template(Outputs={f"O{number}": {"Value": "v"} for number in range(n)})

    def cloudformation_parameters(self, n):
        self.template(Parameters={f"P{number}": {"Type": "String"} for number in range(n)})

    def cloudformation_mappings(self, n):
        self.template(Mappings={f"M{number}": {"a": {"b": "c"}} for number in range(n)})

    def cloudformation_logical_id(self, n):
        self.template(Resources={"T" * n: TOPIC})

    def cloudformation_parameter_value(self, n):
        Parameter.declared("P", {"Type": "String"}).check("x" * n)

    def lambda_request(self, n):
        self.function()
        self.client("lambda").invoke(FunctionName=self.name, Payload=json.dumps("x" * (n - 2)))

    def lambda_event(self, n):
        self.function()
        self.client("lambda").invoke(
            FunctionName=self.name, InvocationType="Event", Payload=json.dumps("x" * (n - 2))
        )

    def lambda_environment(self, n):
        self.function(Environment={"Variables": {"AB": "x" * (n - len('{"AB":""}'))}})

    def lambda_archive(self, n):
        self.function(Code={"ZipFile": b"x" * n})

    def lambda_code(self, n):
        self.function(Code={"ZipFile": zipped(n)})

    def lambda_timeout(self, n):
        self.function(Timeout=n)

    def lambda_policy(self, n):
        self.function()
        for number in range(n // 150):
            self.client("lambda").add_permission(
                FunctionName=self.name,
                StatementId=f"{'s' * 90}{number}",
                Action="lambda:InvokeFunction",
                Principal="sns.amazonaws.com",
            )

    def iam_inline(self, n):
        self.role()
        self.client("iam").put_role_policy(
            RoleName=self.name, PolicyName="p", PolicyDocument=document(STATEMENT, n)
        )

    def iam_managed(self, n):
        self.client("iam").create_policy(PolicyName=self.name, PolicyDocument=document(STATEMENT, n))

    def iam_trust(self, n):
        self.client("iam").create_role(RoleName=self.name, AssumeRolePolicyDocument=document(TRUST, n))

    def iam_attached(self, n):
        self.role()
        listed = self.client("iam").list_policies(Scope="AWS", MaxItems=n)["Policies"]
        for policy in listed:
            self.client("iam").attach_role_policy(RoleName=self.name, PolicyArn=policy["Arn"])

    def iam_tags(self, n):
        self.role()
        for first in range(0, n, 20):
            some = tags(n)[first : first + 20]
            self.client("iam").tag_role(RoleName=self.name, Tags=some)

    def events_entries(self, n):
        detail = json.dumps({"a": "x" * (n - len("sd") - len('{"a": ""}'))})
        self.client("events").put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": detail}])

    def s3_policy(self, n):
        statement = OPEN | {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{self.aws.bucket}/*"}
        self.client("s3").put_bucket_policy(Bucket=self.aws.bucket, Policy=document(statement, n))

    def s3_key(self, n):
        self.client("s3").put_object(Bucket=self.aws.bucket, Key="k" * n, Body=b"")

    def s3_metadata(self, n):
        self.client("s3").put_object(Bucket=self.aws.bucket, Key="k", Body=b"", Metadata={"a": "x" * (n - 1)})

    def s3_object_tags(self, n):
        tagging = "&".join(f"k{number}=v" for number in range(n))
        self.client("s3").put_object(Bucket=self.aws.bucket, Key="k", Body=b"", Tagging=tagging)

    def s3_bucket_tags(self, n):
        self.client("s3").put_bucket_tagging(Bucket=self.aws.bucket, Tagging={"TagSet": tags(n)})

    def s3_lifecycle_rules(self, n):
        rules = [
            {
                "ID": f"r{number}",
                "Status": "Enabled",
                "Filter": {"Prefix": f"{number}/"},
                "Expiration": {"Days": 1},
            }
            for number in range(n)
        ]
        self.client("s3").put_bucket_lifecycle_configuration(
            Bucket=self.aws.bucket, LifecycleConfiguration={"Rules": rules}
        )

    def topic(self, **request):
        return self.client("sns").create_topic(Name=self.name, **request)["TopicArn"]

    def sns_message(self, n):
        attributes = {"a": {"DataType": "String", "StringValue": "v"}}
        body = "x" * (n - len("aStringv"))
        self.client("sns").publish(TopicArn=self.topic(), Message=body, MessageAttributes=attributes)

    def sns_subject(self, n):
        self.client("sns").publish(TopicArn=self.topic(), Message="m", Subject="s" * n)

    def sns_batch(self, n):
        entries = [{"Id": "a", "Message": "x" * (n // 2)}, {"Id": "b", "Message": "x" * (n - n // 2)}]
        self.client("sns").publish_batch(TopicArn=self.topic(), PublishBatchRequestEntries=entries)

    def sns_batch_entries(self, n):
        entries = [{"Id": str(number), "Message": "m"} for number in range(n)]
        self.client("sns").publish_batch(TopicArn=self.topic(), PublishBatchRequestEntries=entries)

    def sns_display_name(self, n):
        self.topic(Attributes={"DisplayName": "d" * n})

    def sns_policy(self, n):
        self.client("sns").set_topic_attributes(
            TopicArn=self.topic(),
            AttributeName="Policy",
            AttributeValue=document(OPEN | {"Action": "sns:Publish"}, n),
        )

    def queue(self, **attributes):
        return self.client("sqs").create_queue(QueueName=self.name, Attributes=attributes)["QueueUrl"]

    def sqs_message(self, n):
        attributes = {"a": {"DataType": "Binary", "BinaryValue": b"v"}}
        body = "x" * (n - len("aBinaryv"))
        self.client("sqs").send_message(QueueUrl=self.queue(), MessageBody=body, MessageAttributes=attributes)

    def sqs_batch(self, n):
        entries = [{"Id": "a", "MessageBody": "x" * (n // 2)}, {"Id": "b", "MessageBody": "x" * (n - n // 2)}]
        self.client("sqs").send_message_batch(QueueUrl=self.queue(), Entries=entries)

    def sqs_batch_entries(self, n):
        entries = [{"Id": str(number), "MessageBody": "m"} for number in range(n)]
        self.client("sqs").send_message_batch(QueueUrl=self.queue(), Entries=entries)

    def sqs_attributes(self, n):
        attributes = {f"a{number}": {"DataType": "String", "StringValue": "v"} for number in range(n)}
        self.client("sqs").send_message(QueueUrl=self.queue(), MessageBody="m", MessageAttributes=attributes)

    def sqs_delay(self, n):
        self.client("sqs").send_message(QueueUrl=self.queue(), MessageBody="m", DelaySeconds=n)

    def sqs_retention(self, n):
        self.queue(MessageRetentionPeriod=str(n))

    def sqs_visibility(self, n):
        self.queue(VisibilityTimeout=str(n))

    def sqs_wait(self, n):
        self.queue(ReceiveMessageWaitTimeSeconds=str(n))

    def sqs_maximum_size(self, n):
        self.queue(MaximumMessageSize=str(n))

    def sqs_data_key(self, n):
        self.queue(KmsDataKeyReusePeriodSeconds=str(n))

    def tags_of_resource(self, n):
        self.client("kms").create_key(Tags=[{"TagKey": tag["Key"], "TagValue": ""} for tag in tags(n)])

    def kms_policy(self, n):
        account = {"AWS": "123456789012"}
        statement = OPEN | {"Principal": account, "Action": "kms:*"}
        self.client("kms").create_key(Policy=document(statement, n))

    def secretsmanager_policy(self, n):
        secret = self.client("secretsmanager").create_secret(Name=self.name, SecretString="s")["ARN"]
        statement = OPEN | {"Action": "secretsmanager:GetSecretValue"}
        self.client("secretsmanager").put_resource_policy(
            SecretId=secret, ResourcePolicy=document(statement, n)
        )

    def ssm_standard(self, n):
        self.client("ssm").put_parameter(Name=self.name, Type="String", Value="x" * n)

    def ssm_advanced(self, n):
        self.client("ssm").put_parameter(Name=self.name, Type="String", Value="x" * n, Tier="Advanced")

    def ssm_levels(self, n):
        name = "".join(f"/{number}" for number in range(n))
        self.client("ssm").put_parameter(Name=name, Type="String", Value="v", Overwrite=True)

    def log(self, *events):
        logs, group = self.client("logs"), {"logGroupName": self.name}
        logs.create_log_group(**group)
        logs.create_log_stream(**group, logStreamName="s")
        logs.put_log_events(**group, logStreamName="s", logEvents=list(events))

    def logs_batch(self, n):
        self.log({"timestamp": int(time.time() * 1000), "message": "x" * (n - 26)})

    def logs_span(self, n):
        now = int(time.time() * 1000)
        self.log({"timestamp": now - n, "message": "m"}, {"timestamp": now, "message": "m"})

    def cloudwatch_request(self, n):
        check(ApiRequest("cloudwatch", "PutMetricData", length=n))

    def cloudwatch_past(self, n):
        self.metric(
            Value=1.0, Timestamp=time.time() - n + (30 if n == LIMITS["cloudwatch.past"].maximum else 0)
        )

    def cloudwatch_future(self, n):
        self.metric(
            Value=1.0, Timestamp=time.time() + n + (30 if n > LIMITS["cloudwatch.future"].maximum else -30)
        )

    def cloudwatch_exponent(self, n):
        self.metric(Value=2.0**n)

    def metric(self, **datum):
        data = [{"MetricName": "m", **datum}]
        self.client("cloudwatch").put_metric_data(Namespace="n", MetricData=data)

    def cloudwatch_metrics(self, n):
        data = [{"MetricName": "m", "Value": 1.0}] * n
        self.client("cloudwatch").put_metric_data(Namespace="n", MetricData=data)

    def cloudwatch_values(self, n):
        datum = {"MetricName": "m", "Values": [float(number) for number in range(n)]}
        self.client("cloudwatch").put_metric_data(Namespace="n", MetricData=[datum])

    def cloudwatch_queries(self, n):
        metric = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
        queries = [{"Id": f"q{number}", "MetricStat": metric} for number in range(n)]
        self.client("cloudwatch").get_metric_data(MetricDataQueries=queries, StartTime=0, EndTime=60)

    def sagemaker_pipeline_steps(self, n):
        self.pipeline(
            Steps=[
                {"Name": f"S{number}", "Type": "Fail", "Arguments": {"ErrorMessage": "m"}}
                for number in range(n)
            ]
        )

    def sagemaker_pipeline_parameters(self, n):
        self.pipeline(Parameters=[{"Name": f"P{number}", "Type": "String"} for number in range(n)])

    def pipeline(self, **changes):
        steps = [{"Name": "S", "Type": "Fail", "Arguments": {"ErrorMessage": "m"}}]
        stated = {"Version": "2020-12-01", "Parameters": [], "Steps": steps, **changes}
        validation.check(definition.parse(json.dumps(stated)))


class _AnyType:
    def __contains__(self, name):
        return True

    def find(self, name):
        return type("Type", (), {"attributes": None})


ELSEWHERE = {
    "lambda.reserved": "test_lambda_functions.py: all functions of a server share it",
    "cloudformation.export_name": "test_exports.py: the name is known once parameters are",
    "cloudformation.export_value": "test_exports.py: the value is known once the stack is made",
    "lambda.response": "test_lambda_invoke.py: the function's answer, and no request, is too large",
    "sagemaker.async_inline_payload": "test_asynchronous.py: an asynchronous endpoint has to run",
    "sagemaker.realtime_payload": "test_runtime.py: a real-time endpoint has to run",
    "sagemaker.serverless_payload": "test_serverless.py: a serverless endpoint has to run",
}


def method(limit):
    return limit.replace(".", "_")


def test_every_limit_has_a_request_here_and_the_page_that_it_is_from():
    assert set(LIMITS) == {name for name in LIMITS if hasattr(Calls, method(name))} | set(ELSEWHERE)
    assert all(each.page.startswith("https://docs.aws.amazon.com/") for each in LIMITS.values())
    assert LIMITS["lambda.response"].maximum == execution.RESPONSE_BYTES


@pytest.mark.parametrize("limit", sorted(set(LIMITS) - set(ELSEWHERE)))
def test_one_beyond_the_limit_is_refused(aws, limit):
    maximum = LIMITS[limit].maximum
    with pytest.raises((ClientError, ServiceError, ContainerError)) as caught:
        getattr(Calls(aws), method(limit))(maximum + 1)
    if isinstance(caught.value, ClientError):
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500, caught.value


LARGE = {"lambda.archive", "lambda.code", "lambda.request", "lambda.policy"}
"""Whose largest request takes long, or is no request that works."""


@pytest.mark.parametrize("limit", sorted(set(LIMITS) - set(ELSEWHERE) - LARGE))
def test_the_limit_itself_is_accepted(aws, limit):
    getattr(Calls(aws), method(limit))(LIMITS[limit].maximum)


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("iam", "get_role", {"RoleName": "r" * 65}),
        ("iam", "create_policy", {"PolicyName": "p" * 129, "PolicyDocument": document(STATEMENT)}),
        ("kms", "create_alias", {"AliasName": "alias/" + "a" * 256, "TargetKeyId": "k"}),
        ("logs", "create_log_group", {"logGroupName": "g" * 513}),
        ("secretsmanager", "create_secret", {"Name": "s" * 513, "SecretString": "s"}),
        ("ssm", "put_parameter", {"Name": "n" * 2049, "Value": "v", "Type": "String"}),
    ],
)
def test_names_are_as_long_as_their_apis_models_say(aws, service, operation, request_):
    client = aws.client(service)
    with pytest.raises(ClientError, match="Member must have length less than or equal to"):
        getattr(client, operation)(**request_)

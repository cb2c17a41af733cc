"""The record: which role called which action on what."""

import contextlib
import io
import json
import zipfile

import pytest

ACCOUNT = "123456789012"
REGION = "eu-west-1"


@pytest.fixture
def recorded(aws):
    """Does something, and returns what it recorded as (action, resource) pairs; or whole calls."""
    assert aws.bucket  # made before anything is recorded

    def recorded(work, role=None, whole=False):
        mark = len(aws.server.account.calls)
        work()
        calls = [each for each in aws.server.account.calls.since(mark) if each.role_arn == role]
        return calls if whole else [(each.action, *each.resources) for each in calls]

    return recorded


def test_the_role_is_read_from_the_header_and_from_a_presigned_address(aws, roles, recorded):
    import requests

    arn = roles.make()
    s3 = roles.client(arn, "s3")
    place = {"Bucket": aws.bucket, "Key": "a b/ü"}
    address = s3.generate_presigned_url("put_object", Params=place)
    found = recorded(lambda: (requests.put(address, data=b"x", timeout=10), s3.head_object(**place)), arn)
    resource = f"arn:aws:s3:::{aws.bucket}/a b/ü"
    assert found == [("s3:PutObject", resource), ("s3:GetObject", resource)]


@pytest.mark.parametrize(
    ("operation", "request_", "actions"),
    [
        ("list_objects_v2", {"Prefix": "a/"}, ["s3:ListBucket"]),
        ("list_objects", {}, ["s3:ListBucket"]),
        ("list_object_versions", {}, ["s3:ListBucketVersions"]),
        ("head_bucket", {}, ["s3:ListBucket"]),
        ("get_bucket_location", {}, ["s3:GetBucketLocation"]),
        ("get_bucket_versioning", {}, ["s3:GetBucketVersioning"]),
        ("get_bucket_acl", {}, ["s3:GetBucketAcl"]),
        (
            "put_bucket_tagging",
            {"Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}},
            ["s3:PutBucketTagging"],
        ),
        ("get_bucket_cors", {}, ["s3:GetBucketCORS"]),
        ("delete_bucket_cors", {}, ["s3:PutBucketCORS"]),
        ("delete_bucket_tagging", {}, ["s3:PutBucketTagging"]),
        (
            "put_public_access_block",
            {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
            ["s3:PutBucketPublicAccessBlock"],
        ),
        ("list_multipart_uploads", {}, ["s3:ListBucketMultipartUploads"]),
    ],
)
def test_buckets_operations_have_iams_names(aws, recorded, operation, request_, actions):
    s3 = aws.client("s3")

    def work():
        with contextlib.suppress(s3.exceptions.ClientError):  # there are no rules for CORS
            getattr(s3, operation)(Bucket=aws.bucket, **request_)

    found = recorded(work)
    assert found == [(action, f"arn:aws:s3:::{aws.bucket}") for action in actions]


def test_objects_operations_have_iams_names(aws, recorded):
    s3 = aws.client("s3")
    at = {"Bucket": aws.bucket, "Key": "k"}

    def work():
        upload = s3.create_multipart_upload(**at)["UploadId"]
        part = s3.upload_part(**at, UploadId=upload, PartNumber=1, Body=b"x")
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        s3.list_parts(**at, UploadId=upload)
        s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload=parts)
        s3.get_object_tagging(**at)
        s3.copy_object(Bucket=aws.bucket, Key="copy", CopySource={"Bucket": aws.bucket, "Key": "k"})
        s3.put_object(Bucket=aws.bucket, Key="tagged", Body=b"", Tagging="a=b")
        s3.delete_objects(Bucket=aws.bucket, Delete={"Objects": [{"Key": "copy"}, {"Key": "tag&ged"}]})
        s3.abort_multipart_upload(**at, UploadId=s3.create_multipart_upload(**at)["UploadId"])

    base = f"arn:aws:s3:::{aws.bucket}"
    assert recorded(work) == [
        ("s3:PutObject", f"{base}/k"),
        ("s3:PutObject", f"{base}/k"),
        ("s3:ListMultipartUploadParts", f"{base}/k"),
        ("s3:PutObject", f"{base}/k"),
        ("s3:GetObjectTagging", f"{base}/k"),
        ("s3:GetObject", f"{base}/k"),
        ("s3:PutObject", f"{base}/copy"),
        ("s3:PutObject", f"{base}/tagged"),
        ("s3:PutObjectTagging", f"{base}/tagged"),
        ("s3:DeleteObject", f"{base}/copy"),
        ("s3:DeleteObject", f"{base}/tag&ged"),
        ("s3:PutObject", f"{base}/k"),
        ("s3:AbortMultipartUpload", f"{base}/k"),
    ]


def test_an_encrypted_bucket_uses_its_key_as_the_caller(aws, recorded):
    s3 = aws.client("s3")
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=aws.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    at = {"Bucket": aws.bucket, "Key": "k"}
    found = recorded(lambda: (s3.put_object(**at, Body=b"x"), s3.get_object(**at)), whole=True)
    assert [(each.action, each.resources[0]) for each in found if each.action.startswith("kms:")] == [
        ("kms:GenerateDataKey", key),
        ("kms:Decrypt", key),
    ]
    assert dict(found[1].context) == {"kms:ViaService": (f"s3.{REGION}.amazonaws.com",)}


def test_a_role_that_is_handed_on_is_passed(aws, recorded):
    request = {
        "PipelineName": f"{aws.name}-p",
        "RoleArn": aws.role_arn,
        "PipelineDefinition": json.dumps({"Version": "2020-12-01", "Steps": []}),
        "Tags": [{"Key": "team", "Value": "blue"}],
    }
    sagemaker = aws.client("sagemaker")

    def work():
        with pytest.raises(sagemaker.exceptions.ClientError):
            sagemaker.create_pipeline(**request, ClientRequestToken="t" * 32)

    found = recorded(work, whole=True)
    pipeline = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/{aws.name}-p"
    assert [(each.action, *each.resources) for each in found] == [
        ("sagemaker:CreatePipeline", pipeline),
        ("sagemaker:AddTags", pipeline),
        ("iam:PassRole", aws.role_arn),
    ]
    assert dict(found[0].context)["aws:RequestTag/team"] == ("blue",)
    assert dict(found[2].context)["iam:PassedToService"] == ("sagemaker.amazonaws.com",)


def test_tags_that_a_resource_has_come_with_later_calls(aws, recorded):
    sagemaker, name = aws.client("sagemaker"), f"{aws.name}-tagged"
    sagemaker.create_model_package_group(ModelPackageGroupName=name, Tags=[{"Key": "team", "Value": "blue"}])
    [call] = recorded(lambda: sagemaker.describe_model_package_group(ModelPackageGroupName=name), whole=True)
    assert dict(call.context)["aws:ResourceTag/team"] == ("blue",)


def test_what_an_endpoints_approval_says_is_in_the_context(aws, recorded):
    sagemaker = aws.client("sagemaker")
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{aws.group}/1"

    def work():
        with pytest.raises(sagemaker.exceptions.ClientError):
            sagemaker.update_model_package(
                ModelPackageArn=arn,
                ModelApprovalStatus="Approved",
                ModelLifeCycle={"Stage": "Production", "StageStatus": "Approved"},
            )

    [call] = recorded(work, whole=True)
    assert (call.action, call.resources) == ("sagemaker:UpdateModelPackage", (arn,))
    assert dict(call.context) == {
        "sagemaker:ModelApprovalStatus": ("Approved",),
        "sagemaker:ModelLifeCycle:stage": ("Production",),
        "sagemaker:ModelLifeCycle:stageStatus": ("Approved",),
    }


def test_how_a_route_authorises_is_in_the_context(aws, recorded):
    apis = aws.client("apigatewayv2")
    api = apis.create_api(Name=f"{aws.name}-api", ProtocolType="HTTP")["ApiId"]

    def work():
        made = apis.create_route(ApiId=api, RouteKey="GET /a", AuthorizationType="AWS_IAM")["RouteId"]
        apis.update_route(ApiId=api, RouteId=made, AuthorizationType="NONE")

    key = "apigateway:Request/RouteAuthorizationType"
    found = [(call.action, dict(call.context)[key]) for call in recorded(work, whole=True)]
    assert found == [("apigateway:POST", ("AWS_IAM",)), ("apigateway:PATCH", ("NONE",))]


def test_services_of_every_protocol_are_taken_apart(aws, recorded, roles):
    name = aws.name

    def arn(service, resource):
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"

    role = roles.make()

    def work():
        aws.client("logs").create_log_group(logGroupName=f"/{name}")
        aws.client("logs").create_log_stream(logGroupName=f"/{name}", logStreamName="s")
        aws.client("sqs").create_queue(QueueName=name)
        topic = aws.client("sns").create_topic(Name=name)["TopicArn"]
        aws.client("sns").publish(TopicArn=topic, Message="m")
        aws.client("events").put_rule(Name=name, EventPattern='{"source": ["x"]}')
        aws.client("ssm").put_parameter(Name=f"/{name}/p", Value="v", Type="String")
        aws.client("secretsmanager").create_secret(Name=name, SecretString="s")
        aws.client("cloudwatch").put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1}])
        aws.client("cloudwatch").describe_alarms(AlarmNames=[name])
        aws.client("apigatewayv2").create_api(Name=name, ProtocolType="HTTP")
        aws.client("iam").get_role(RoleName=role.rpartition("/")[2])
        aws.client("lambda").list_functions()

    assert recorded(work) == [
        ("logs:CreateLogGroup", arn("logs", f"log-group:/{name}:*")),
        ("logs:CreateLogStream", arn("logs", f"log-group:/{name}:log-stream:s")),
        ("sqs:CreateQueue", arn("sqs", name)),
        ("sns:CreateTopic", arn("sns", name)),
        ("sns:Publish", arn("sns", name)),
        ("events:PutRule", arn("events", f"rule/{name}")),
        ("ssm:PutParameter", arn("ssm", f"parameter/{name}/p")),
        ("secretsmanager:CreateSecret", arn("secretsmanager", f"secret:{name}-??????")),
        ("cloudwatch:PutMetricData", "*"),
        ("cloudwatch:DescribeAlarms", arn("cloudwatch", f"alarm:{name}")),
        ("apigateway:POST", f"arn:aws:apigateway:{REGION}::/apis"),
        ("iam:GetRole", role),
        ("lambda:ListFunctions", "*"),
    ]


CALLER = """
import boto3

def handler(event, context):
    return boto3.client("sts").get_caller_identity()["Arn"]
"""


def archive(source):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("app.py", source)
    return buffer.getvalue()


@pytest.fixture
def function(aws, roles):
    """A function that tells who it is; its name and role."""
    role = roles.make(trust=roles.trusting({"Service": "lambda.amazonaws.com"}))
    name = f"{aws.name}-who"
    aws.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.12",
        Handler="app.handler",
        Code={"ZipFile": archive(CALLER)},
    )
    waiter = aws.client("lambda").get_waiter("function_active_v2")
    waiter.wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
    return name, role


def test_a_function_runs_and_logs_under_its_role(aws, function, recorded):
    name, role = function
    answers = []

    def work():
        answers.append(aws.client("lambda").invoke(FunctionName=name))

    found = recorded(work, role)
    who = json.loads(answers[0]["Payload"].read())
    assert who == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/{name}"
    assert ("sts:GetCallerIdentity", "*") in found
    assert "logs:CreateLogStream" in {action for action, _ in found}


def test_a_stack_is_made_under_its_role_else_under_who_asks(aws, roles, recorded):
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    service, asking = roles.make(), roles.make()
    mine, name = roles.client(asking, "cloudformation"), f"{aws.name}-stack"
    waiter = aws.client("cloudformation").get_waiter("stack_create_complete")

    def create(name, **request):
        mine.create_stack(StackName=name, TemplateBody=template, **request)
        waiter.wait(StackName=name, WaiterConfig={"Delay": 0.1})

    assert "sns:CreateTopic" in {
        a for a, _ in recorded(lambda: create(f"{name}-1", RoleARN=service), service)
    }
    passed = recorded(lambda: create(f"{name}-2", RoleARN=service), asking)
    assert ("iam:PassRole", service) in passed and "sns:CreateTopic" not in {action for action, _ in passed}
    assert "sns:CreateTopic" in {a for a, _ in recorded(lambda: create(f"{name}-3"), asking)}


def test_equal_calls_are_kept_once_and_listed_as_often_as_they_were_made(aws):
    bucket, calls = aws.bucket, aws.server.account.calls
    mark = len(calls)
    for _ in range(3):
        aws.client("s3").head_bucket(Bucket=bucket)
    made = calls.since(mark)
    assert len(made) == 3 and len({id(each) for each in made}) == 1
    assert calls[-1] == made[-1] and list(calls)[mark:] == made

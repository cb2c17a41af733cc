"""What runs in the embedded AWS acts under the role that it was given, and under no other."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from local_aws.hosting.deployments.plan import Container, Plan, Variant
from local_aws.hosting.deployments.policy import Policy
from local_aws.identity import network_interfaces
from local_aws.kernel.calls import Calls
from local_aws.kernel.job_log import JobLog
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.endpoints.deployment_rules import check_alarms

SKLEARN = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
REPOSITORY = "arn:aws:ecr:eu-west-1:141502667606:repository/sagemaker-scikit-learn"
WHO = """
import os
open("/opt/ml/processing/output/who.txt", "w").write(os.environ["AWS_ACCESS_KEY_ID"])
print("written")
"""


@pytest.fixture
def job(aws):
    """Makes the arguments of a processing job that runs `code` under a role."""

    def job(role, code=WHO):
        bucket = aws.bucket
        aws.client("s3").put_object(Bucket=bucket, Key="code/run.py", Body=code.encode())
        source = {
            "S3Uri": f"s3://{bucket}/code/run.py",
            "LocalPath": "/opt/ml/processing/input/code",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
        }
        result = {
            "S3Uri": f"s3://{bucket}/out",
            "LocalPath": "/opt/ml/processing/output",
            "S3UploadMode": "EndOfJob",
        }
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        return {
            "RoleArn": role,
            "ProcessingResources": {"ClusterConfig": cluster},
            "AppSpecification": {
                "ImageUri": SKLEARN,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/run.py"],
            },
            "ProcessingInputs": [{"InputName": "code", "S3Input": source}],
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": result}]},
        }

    return job


def until(ended, describe, member, **request):
    for _ in range(1500):
        status = describe(**request)[member]
        if status in ended:
            return status
        time.sleep(0.02)
    raise AssertionError(f"{request} does not end: {status}")


def run(aws, name, arguments):
    sagemaker = aws.client("sagemaker")
    sagemaker.create_processing_job(ProcessingJobName=name, **arguments)
    describe = sagemaker.describe_processing_job
    return until({"Completed", "Failed"}, describe, "ProcessingJobStatus", ProcessingJobName=name), describe(
        ProcessingJobName=name
    )


def test_a_job_fetches_runs_logs_and_uploads_under_its_role(aws, roles, job):
    role, name = roles.make(), f"{aws.name}-job"
    mark = len(aws.server.account.calls)
    status, description = run(aws, name, job(role))
    assert status == "Completed", description
    made = {
        (each.action, *each.resources)
        for each in aws.server.account.calls.since(mark)
        if each.role_arn == role
    }
    bucket = f"arn:aws:s3:::{aws.bucket}"
    assert {
        ("s3:ListBucket", bucket),
        ("s3:GetObject", f"{bucket}/code/run.py"),
        ("s3:PutObject", f"{bucket}/out/who.txt"),
        ("ecr:GetAuthorizationToken", "*"),
        ("ecr:BatchGetImage", REPOSITORY),
    } <= made
    assert {"logs:CreateLogStream", "logs:PutLogEvents"} <= {action for action, _ in made}
    key = aws.client("s3").get_object(Bucket=aws.bucket, Key="out/who.txt")["Body"].read().decode()
    session = aws.server.account.sessions.find(key)
    assert session is not None and session.role_arn == role


def test_a_job_whose_role_may_not_read_its_input_fails(aws, roles, job, enforced):
    role, name = roles.make(("s3:ListBucket", "*")), f"{aws.name}-blind"
    status, description = run(aws, name, job(role))
    assert status == "Failed"
    assert "AccessDenied" in description["FailureReason"] or "403" in description["FailureReason"]


@pytest.fixture
def pipeline(aws, job):
    """Runs a pipeline of one processing job, `Work`; returns how it ended and the step as it is listed."""

    def pipeline(role, worker):
        name, sagemaker = f"{aws.name}-line", aws.client("sagemaker")
        steps = [{"Name": "Work", "Type": "Processing", "Arguments": job(worker)}]
        definition = json.dumps({"Version": "2020-12-01", "Steps": steps})
        sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=role)
        arn = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
        describe, ends = sagemaker.describe_pipeline_execution, {"Succeeded", "Failed"}
        status = until(ends, describe, "PipelineExecutionStatus", PipelineExecutionArn=arn)
        [step] = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
        return status, step

    return pipeline


def test_a_pipeline_makes_its_jobs_under_its_own_role(aws, roles, pipeline):
    role, worker = roles.make(), roles.make()
    mark = len(aws.server.account.calls)
    assert pipeline(role, worker)[0] == "Succeeded"
    calls = aws.server.account.calls.since(mark)
    made = {each.action for each in calls if each.role_arn == role}
    assert {"sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob", "sagemaker:AddTags"} <= made
    assert ("iam:PassRole", (worker,)) in {
        (each.action, each.resources) for each in calls if each.role_arn == role
    }
    assert "s3:PutObject" in {each.action for each in calls if each.role_arn == worker}
    assert "s3:PutObject" not in made


WORKS = (
    (["s3:ListBucket", "s3:GetObject", "s3:PutObject"], "*"),
    (["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"], "*"),
    (["ecr:GetDownloadUrlForLayer"], REPOSITORY),
    (["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], "*"),
)
MAKES = ["sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob", "sagemaker:AddTags"]


def test_a_pipeline_and_its_job_need_no_more_than_each_ones_own_policies(roles, pipeline, enforced):
    worker = roles.make(*WORKS)
    status, step = pipeline(roles.make((MAKES, "*"), ("iam:PassRole", worker)), worker)
    assert status == "Succeeded", step


def test_a_pipeline_that_may_not_pass_its_jobs_role_fails_naming_it(roles, pipeline, enforced):
    worker = roles.make(*WORKS)
    role = roles.make((MAKES, "*"))
    status, step = pipeline(role, worker)
    assert status == "Failed"
    assert f"is not authorized to perform: iam:PassRole on resource: {worker}" in step["FailureReason"]


def test_the_alarms_of_a_rollout_are_looked_at_as_the_models_role(aws, roles, enforced):
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=f"{aws.name}-errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    policy = Policy.parse({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": f"{aws.name}-errors"}]}})
    for allowed in (("cloudwatch:DescribeAlarms", "*"), ("s3:GetObject", "*")):
        container = Container("image", "", roles.make(allowed))
        plan = Plan("config", (Variant("AllTraffic", container, 1, 1, "ml.m5.large", None, 60),), None)
        if allowed[0] == "cloudwatch:DescribeAlarms":
            check_alarms(aws.server.account, policy, plan)
        else:
            with pytest.raises(ServiceError, match="cannot describe the CloudWatch alarms"):
                check_alarms(aws.server.account, policy, plan)


def test_a_model_of_a_package_needs_the_permission_on_both(aws, roles, enforced):
    account = f"arn:aws:sagemaker:{aws.region}:123456789012"
    for resources, reason in (
        (f"{account}:model/mine", "sagemaker:CreateModel on resource: .*model-package/them/1"),
        ([f"{account}:model/mine", f"{account}:model-package/*"], "does not exist"),
    ):
        role = roles.make(("sagemaker:CreateModel", resources), ("iam:PassRole", "*"))
        with pytest.raises(ClientError, match=reason):
            roles.client(role, "sagemaker").create_model(
                ModelName="mine",
                ExecutionRoleArn=role,
                PrimaryContainer={"ModelPackageName": f"{account}:model-package/them/1"},
            )


@pytest.mark.parametrize("allowed", [True, False])
def test_a_job_whose_output_has_a_key_needs_to_encrypt_with_it(aws, roles, enforced, job, allowed):
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    role = roles.make(
        (["s3:*", "logs:*", "ecr:*"], "*"),
        ("kms:GenerateDataKey", key),
        ("kms:Encrypt" if allowed else "kms:Decrypt", key),
    )
    arguments = job(role)
    arguments["ProcessingOutputConfig"]["KmsKeyId"] = key
    name = f"{aws.name}-key-{allowed}"
    status, described = run(aws, name, arguments)
    assert status == ("Completed" if allowed else "Failed")
    if allowed:
        [stored] = aws.client("s3").list_objects_v2(Bucket=aws.bucket, Prefix="out/")["Contents"]
        head = aws.client("s3").head_object(Bucket=aws.bucket, Key=stored["Key"])
        assert head["SSEKMSKeyId"] == key
    else:
        assert "kms:Encrypt" in described["FailureReason"]


def test_a_container_in_a_vpc_makes_its_interfaces_as_its_role(aws):
    calls = Calls()
    network_interfaces.record(calls, "arn:role", "eu-west-1:123456789012", ["subnet-1"], ["sg-1"])
    made = {(each.action, each.resources[0], dict(each.context).get("ec2:SubnetID")) for each in calls}
    assert (
        "ec2:CreateNetworkInterface",
        "arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-1",
        ("subnet-1",),
    ) in made
    assert {action for action, _, _ in made} >= {
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteNetworkInterfacePermission",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    }
    nothing = Calls()
    network_interfaces.record(nothing, "arn:role", "eu-west-1:123456789012", [], [])
    assert list(nothing) == []


def test_a_log_that_its_role_may_not_write_says_so_in_its_first_line(aws, roles, enforced):
    role = roles.make()
    group, stream = "/aws/lambda/silent", role.rpartition("/")[2]
    account = aws.server.account
    log = JobLog(account.client_of_role(role, "logs"), group, stream, account.client("logs"))
    log.write("GOT it")
    log.close()
    events = aws.client("logs").get_log_events(logGroupName=group, logStreamName=stream)["events"]
    first, last = (each["message"] for each in events)
    assert first.startswith("local-aws: on AWS this log would not exist.")
    assert "is not authorized to perform: logs:CreateLogStream" in first
    assert last == "GOT it"

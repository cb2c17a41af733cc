"""`local-aws up --state`: what a server kept is there again in the next one, however the first one ended."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import fasttext
import pytest

from local_aws.developer import credentials, granted_project
from local_aws.identities import Identity
from local_aws.kernel.account import Clients
from local_aws.kernel.signing.keys import AccessKey, Keys

pytestmark = pytest.mark.slow
SERVED = Path(__file__).with_name("served.py")
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"
LARGE = os.urandom(200_000)
DEFINITION = {
    "Version": "2020-12-01",
    "Metadata": {},
    "Parameters": [],
    "Steps": [{"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "as it should"}}],
}
TEMPLATE = {
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    "Outputs": {"Arn": {"Value": {"Ref": "Topic"}, "Export": {"Name": "topic"}}},
}


class Run:
    """A server in a process of its own, with the state of a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, str(SERVED), str(folder)],
            env={**os.environ, "LOCAL_AWS_TIME_SCALE": "0.01"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        about = json.loads(self.process.stdout.readline())
        self.git, self.role = about["git"], about["role"]
        key = json.loads((folder / "local-aws.json").read_text())["keys"][0]
        self.clients = Clients(about["url"], keys=Keys(AccessKey(key["id"], key["secret"])))

    def client(self, service):
        return self.clients.client(service)

    def wait_saved(self):
        """Wait until a state that was begun from now on is saved."""
        before = (self.folder / "CURRENT").read_text() if (self.folder / "CURRENT").exists() else ""
        self.client("sns").create_topic(Name=f"mark-{time.monotonic_ns()}")
        wait(lambda: (self.folder / "CURRENT").exists() and (self.folder / "CURRENT").read_text() != before)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self._end()

    def stop(self):
        self._end()

    def _end(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


def wait(happened, seconds=60):
    end = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return found


def archive(name, content):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        opened.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def code():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("app.py", "def handler(event, context):\n    return {'heard': event}\n")
    return buffer.getvalue()


def model(folder):
    text = folder / "train.txt"
    text.write_text("__label__good lovely great\n__label__bad awful poor\n" * 50)
    made = fasttext.train_supervised(str(text), dim=4, epoch=20, bucket=100, minCount=1, thread=1, verbose=0)
    made.save_model(str(folder / "model.bin"))
    return archive("model.bin", (folder / "model.bin").read_bytes())


def fill(run, folder):
    """One resource of each kind. Returns what the next server is to know of them."""
    s3, sagemaker = run.client("s3"), run.client("sagemaker")
    s3.put_object(Bucket="local-artifacts", Key="small", Body=b"first")
    s3.put_object(Bucket="local-artifacts", Key="small", Body=b"second")
    s3.put_object(Bucket="local-artifacts", Key="large", Body=LARGE)
    s3.put_object(Bucket="local-artifacts", Key="model.tar.gz", Body=model(folder))
    queue = run.client("sqs").create_queue(QueueName="letters")["QueueUrl"]
    run.client("sqs").send_message(QueueUrl=queue, MessageBody="unread")
    key = run.client("kms").describe_key(KeyId="alias/local-artifacts")["KeyMetadata"]["KeyId"]
    signing = run.client("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    known = {
        "cipher": run.client("kms").encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"],
        "signing": signing,
        "public": run.client("kms").get_public_key(KeyId=signing)["PublicKey"],
        "session": credentials(run.clients, granted_project(run.clients), Identity.DEVELOPER),
        "second project": granted_project(run.clients, "second"),
    }
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = run.client("iam").create_role(
        RoleName="echo", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    run.client("lambda").create_function(
        FunctionName="echo", Runtime="python3.12", Role=role, Handler="app.handler", Code={"ZipFile": code()}
    )
    run.client("events").put_rule(Name="approved", EventPattern='{"source": ["aws.sagemaker"]}')
    run.client("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    run.client("cloudformation").create_stack(StackName="topics", TemplateBody=json.dumps(TEMPLATE))
    package = sagemaker.create_model_package(
        ModelPackageGroupName="local-models",
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://local-artifacts/model.tar.gz"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        ModelApprovalStatus="PendingManualApproval",
    )["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    sagemaker.create_model(
        ModelName="m",
        ExecutionRoleArn=run.role,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": "s3://local-artifacts/model.tar.gz"},
    )
    variant = {
        "VariantName": "all",
        "ModelName": "m",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="c")
    sagemaker.create_pipeline(
        PipelineName="train",
        PipelineDefinition=json.dumps(DEFINITION),
        ClientRequestToken="a" * 32,
        RoleArn=run.role,
    )
    known["execution"] = sagemaker.start_pipeline_execution(
        PipelineName="train", ClientRequestToken="b" * 32
    )["PipelineExecutionArn"]
    wait(
        lambda: sagemaker.describe_endpoint(EndpointName="live")["EndpointStatus"] == "InService",
    )
    known["endpoint"] = sagemaker.describe_endpoint(EndpointName="live")
    push(run, folder, "pushed.txt")
    return known


def git(folder, *command):
    return subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def clone(run, folder):
    url = run.git.replace("http://", "http://ada:token-of-ada@")
    git(folder, "clone", "--quiet", f"{url}/acme/shop.git", "checkout")
    return folder / "checkout"


def push(run, folder, name):
    checkout = clone(run, folder)
    (checkout / name).write_text("pushed")
    git(checkout, "add", name)
    git(checkout, "commit", "--quiet", "-m", "Push")
    git(checkout, "push", "--quiet")


@pytest.fixture(scope="module")
def revived(tmp_path_factory):
    """A server with the state of one that was killed; what that one knew."""
    folder = tmp_path_factory.mktemp("state") / "state"
    first = Run(folder)
    try:
        known = fill(first, tmp_path_factory.mktemp("first"))
        first.wait_saved()
    finally:
        first.kill()
    second = Run(folder)
    yield second, known
    second.stop()


def test_objects_are_there_again_with_their_versions(revived):
    run, _ = revived
    s3 = run.client("s3")
    assert s3.get_object(Bucket="local-artifacts", Key="large")["Body"].read() == LARGE
    versions = s3.list_object_versions(Bucket="local-artifacts", Prefix="small")["Versions"]
    texts = [
        s3.get_object(Bucket="local-artifacts", Key="small", VersionId=each["VersionId"])["Body"].read()
        for each in versions
    ]
    assert texts == [b"second", b"first"]


def test_keys_decrypt_and_sign_as_before(revived):
    run, known = revived
    kms = run.client("kms")
    assert kms.decrypt(CiphertextBlob=known["cipher"])["Plaintext"] == b"secret"
    assert kms.get_public_key(KeyId=known["signing"])["PublicKey"] == known["public"]
    signature = kms.sign(
        KeyId=known["signing"], Message=b"text", SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256"
    )["Signature"]
    assert kms.verify(
        KeyId=known["signing"],
        Message=b"text",
        Signature=signature,
        SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
    )["SignatureValid"]


def test_messages_that_nobody_read_wait_still(revived):
    run, _ = revived
    sqs = run.client("sqs")
    [message] = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="letters")["QueueUrl"])["Messages"]
    assert message["Body"] == "unread"


def test_an_endpoint_serves_as_it_was_described(revived):
    run, known = revived
    described = run.client("sagemaker").describe_endpoint(EndpointName="live")
    before = known["endpoint"]
    assert {key: described[key] for key in before if key != "ResponseMetadata"} == {
        key: before[key] for key in before if key != "ResponseMetadata"
    }
    answer = run.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="live", ContentType="application/json", Body=json.dumps({"instances": ["lovely great"]})
    )
    assert json.loads(answer["Body"].read())[0]["label"] == ["__label__good"]


def test_the_registry_and_pipelines_keep_their_history(revived):
    run, known = revived
    sagemaker = run.client("sagemaker")
    [package] = sagemaker.list_model_packages(ModelPackageGroupName="local-models")["ModelPackageSummaryList"]
    assert package["ModelApprovalStatus"] == "Approved"
    execution = sagemaker.describe_pipeline_execution(PipelineExecutionArn=known["execution"])
    assert execution["PipelineExecutionStatus"] == "Failed"
    [step] = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=known["execution"])[
        "PipelineExecutionSteps"
    ]
    assert (step["StepName"], step["FailureReason"]) == ("Stop", "as it should")
    again = sagemaker.start_pipeline_execution(PipelineName="train", ClientRequestToken="b" * 32)
    assert again["PipelineExecutionArn"] == known["execution"]


def test_a_function_runs_and_rules_and_alarms_are_there(revived):
    run, _ = revived
    answer = run.client("lambda").invoke(FunctionName="echo", Payload=b'{"a": 1}')
    assert json.loads(answer["Payload"].read()) == {"heard": {"a": 1}}
    assert [rule["Name"] for rule in run.client("events").list_rules()["Rules"]] == ["approved"]
    [alarm] = run.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert alarm["AlarmName"] == "errors"


def test_a_stack_goes_on_from_where_it_was(revived):
    run, _ = revived
    cloudformation = run.client("cloudformation")
    [stack] = cloudformation.describe_stacks(StackName="topics")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"] in [
        each["TopicArn"] for each in run.client("sns").list_topics()["Topics"]
    ]
    cloudformation.delete_stack(StackName="topics")
    wait(lambda: not cloudformation.list_exports()["Exports"])


def test_a_shell_that_was_set_up_before_works_on(revived):
    run, known = revived
    caller = run.clients.client("sts", known["session"]).get_caller_identity()
    assert caller["Arn"].endswith("assumed-role/local-developer/developer")


def test_every_project_is_there_again(revived):
    # Its key's id is random: a project that was made again would have another one.
    run, known = revived
    assert granted_project(run.clients, "second") == known["second project"]


def test_repositories_hold_what_was_pushed_and_take_more(revived, tmp_path):
    run, _ = revived
    push(run, tmp_path, "later.txt")
    assert (tmp_path / "checkout" / "pushed.txt").read_text() == "pushed"


def test_what_was_done_before_an_orderly_stop_is_saved_at_once(tmp_path):
    folder = tmp_path / "state"
    first = Run(folder)
    first.client("s3").put_object(Bucket="local-artifacts", Key="last", Body=b"words")
    first.stop()
    second = Run(folder)
    try:
        assert second.client("s3").get_object(Bucket="local-artifacts", Key="last")["Body"].read() == b"words"
    finally:
        second.kill()

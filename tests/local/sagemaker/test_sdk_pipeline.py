"""A script written for AWS with the SageMaker SDK 3 runs against the embedded AWS as it is: a training job, and a pipeline."""

import io
import json
import subprocess
import sys
import tarfile
import time

import pytest

from local_aws.testing import Aws

NAME = "sdk-pipeline"
GROUP = "sdk-models-that-nobody-made"
"""RegisterModel makes the group where there is none: AWS's own samples rely on it."""
SCRIPT = """
import json, pathlib, sys, tempfile
import boto3
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output
from sagemaker.core.training.configs import Compute, InputData, OutputDataConfig, SourceCode, StoppingCondition
from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterInteger
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train import ModelTrainer

bucket, role, group, name = sys.argv[1:]
session = PipelineSession(boto_session=boto3.Session(), default_bucket=bucket)
region = session.boto_region_name
sklearn = image_uris.retrieve("sklearn", region, version="1.2-1", instance_type="ml.m5.large")
blazingtext = image_uris.retrieve("blazingtext", region)
scripts = pathlib.Path(tempfile.mkdtemp())

(scripts / "prepare.py").write_text('''
import pathlib, sys
lines = "__label__good a fine dress\\\\n__label__bad a poor dress\\\\n" * int(sys.argv[sys.argv.index("--copies") + 1])
pathlib.Path("/opt/ml/processing/output/train/train.txt").write_text(lines)
''')
(scripts / "evaluate.py").write_text('''
import json, pathlib, tarfile
with tarfile.open("/opt/ml/processing/input/model/model.tar.gz") as archive:
    score = float("model.bin" in archive.getnames())
report = pathlib.Path("/opt/ml/processing/output/evaluation/evaluation.json")
report.write_text(json.dumps({"metrics": {"macro f1": [score]}}))
''')


(scripts / "source").mkdir()
(scripts / "source/train.py").write_text('''
import argparse, os, sklearn
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
open(os.path.join(os.environ["SM_MODEL_DIR"], "made"), "w").write(str(parser.parse_args().epochs))
''')
ModelTrainer(
    sagemaker_session=Session(boto_session=boto3.Session(), default_bucket=bucket),
    role=role,
    base_job_name="sdk-trainer",
    training_image=sklearn,
    source_code=SourceCode(source_dir=str(scripts / "source"), entry_script="train.py"),
    compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=5),
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/trained"),
    hyperparameters={"epochs": 3},
).train(wait=False, logs=False)


def processing(script, output, arguments=None, **inputs):
    processor = ScriptProcessor(
        image_uri=sklearn, command=["python3"], role=role, instance_type="ml.m5.large", instance_count=1,
        sagemaker_session=session,
    )
    return processor.run(
        code=str(scripts / script),
        arguments=arguments,
        inputs=[
            ProcessingInput(input_name=input_name, s3_input=ProcessingS3Input(
                s3_uri=uri, local_path=f"/opt/ml/processing/input/{input_name}",
                s3_data_type="S3Prefix", s3_input_mode="File",
            ))
            for input_name, uri in inputs.items()
        ],
        outputs=[ProcessingOutput(output_name=output, s3_output=ProcessingS3Output(
            s3_uri=Join("/", ["s3:/", bucket, "runs", ExecutionVariables.PIPELINE_EXECUTION_ID, output]),
            local_path=f"/opt/ml/processing/output/{output}", s3_upload_mode="EndOfJob",
        ))],
    )


minimum = ParameterFloat("Minimum", default_value=2.0)
copies = ParameterInteger("Copies", default_value=200)
prepare = ProcessingStep(
    "Prepare",
    step_args=processing("prepare.py", "train", ["--copies", copies.to_string()]),
    cache_config=CacheConfig(enable_caching=True, expire_after="P30D"),
)
trainer = ModelTrainer(
    training_image=blazingtext, role=role, sagemaker_session=session,
    compute=Compute(instance_type="ml.c5.xlarge", instance_count=1, volume_size_in_gb=30),
    hyperparameters={"mode": "supervised", "vector_dim": "2", "buckets": "1000"},
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/models"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=3600),
)
examples = prepare.properties.ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri
train = TrainingStep("Train", step_args=trainer.train(
    input_data_config=[InputData(channel_name="train", data_source=examples, content_type="text/plain")]
))
artifacts = train.properties.ModelArtifacts.S3ModelArtifacts
report = PropertyFile(name="Report", output_name="evaluation", path="evaluation.json")
evaluate = ProcessingStep(
    "Evaluate", step_args=processing("evaluate.py", "evaluation", model=artifacts), property_files=[report]
)
evaluation = evaluate.properties.ProcessingOutputConfig.Outputs["evaluation"].S3Output.S3Uri


def builder():
    return ModelBuilder(
        s3_model_data_url=artifacts, image_uri=blazingtext, role_arn=role, sagemaker_session=session
    )


quality = MetricsSource(content_type="application/json", s3_uri=Join("/", [evaluation, "evaluation.json"]))
register = ModelStep("Register", step_args=builder().register(
    model_package_group_name=group, content_types=["application/json"], response_types=["application/json"],
    inference_instances=["ml.m5.large"], transform_instances=["ml.m5.large"],
    approval_status="PendingManualApproval", model_metrics=ModelMetrics(model_statistics=quality),
    customer_metadata_properties={"execution": ExecutionVariables.PIPELINE_EXECUTION_ARN},
))
create = ModelStep("CreateModel", step_args=builder().build())
score = JsonGet(step_name="Evaluate", property_file=report, json_path="metrics['macro f1'][0]")
gate = ConditionStep(
    "Gate",
    conditions=[ConditionGreaterThanOrEqualTo(left=score, right=minimum)],
    if_steps=[register, create],
    else_steps=[FailStep("Refused", error_message=Join(" ", ["macro f1 is below", minimum]))],
)
pipeline = Pipeline(
    name, parameters=[minimum, copies], steps=[prepare, train, evaluate, gate], sagemaker_session=session
)
pipeline.upsert(role_arn=role)
pipeline.upsert(role_arn=role)

good = pipeline.start(parameters={"Minimum": 0.5})
good.wait(delay=1, max_attempts=90)
bad = pipeline.start()
try:
    bad.wait(delay=1, max_attempts=90)
except Exception as error:
    ended = str(error)
print(json.dumps({"good": good.list_steps(), "bad": bad.list_steps(), "ended": ended}, default=str))
"""


# The SDK reports every use of it to AWS; a script that says nothing about it must not do so from a test.
NO_WAY_OUT = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


@pytest.fixture(scope="module")
def aws(local_server):
    return Aws(local_server, "sdk")


@pytest.fixture(scope="module")
def answer(aws, tmp_path_factory):
    """What the script says of the two executions of its pipeline."""
    script = tmp_path_factory.mktemp("sdk") / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, script, aws.bucket, aws.role_arn, GROUP, NAME],
        env=aws.environment | NO_WAY_OUT,
        cwd=script.parent,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_sdks_own_pipeline_runs_unmodified_and_registers_its_model(aws, answer):
    good = {step["StepName"]: step for step in answer["good"]}
    assert set(good) == {"Prepare", "Train", "Evaluate", "Gate", "Register", "CreateModel"}
    assert {step["StepStatus"] for step in good.values()} == {"Succeeded"}

    sagemaker = aws.client("sagemaker")
    package = sagemaker.describe_model_package(
        ModelPackageName=good["Register"]["Metadata"]["RegisterModel"]["Arn"]
    )
    execution = package["MetadataProperties"]["GeneratedBy"]
    assert f":pipeline/{NAME}/execution/" in execution
    assert package["CustomerMetadataProperties"] == {"execution": execution}
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"].endswith(
        "/evaluation/evaluation.json"
    )

    bad = {step["StepName"]: step for step in answer["bad"]}
    assert bad["Prepare"]["CacheHitResult"] == {"SourcePipelineExecutionArn": execution}
    assert bad["Refused"]["FailureReason"] == "macro f1 is below 2.0"
    assert "Failed" in answer["ended"]
    assert len(sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]) == 1


@pytest.mark.slow
def test_the_sdks_model_trainer_runs_unmodified(aws, answer):
    sagemaker = aws.client("sagemaker")
    [started] = sagemaker.list_training_jobs(NameContains="sdk-trainer")["TrainingJobSummaries"]
    for _ in range(3000):
        job = sagemaker.describe_training_job(TrainingJobName=started["TrainingJobName"])
        if job["TrainingJobStatus"] != "InProgress":
            break
        time.sleep(0.01)
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    _, _, bucket, key = job["ModelArtifacts"]["S3ModelArtifacts"].split("/", 3)
    body = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        assert archive.extractfile("made").read() == b"3"

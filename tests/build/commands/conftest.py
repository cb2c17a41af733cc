"""A project in which executions have ended: one registered a model, one was refused, and a step of one failed.

Their jobs do nothing. What they would have written lies where it belongs, so that commands find all that they read.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from local_aws.testing import Aws
from model_build.cli import app

RECIPE: dict[str, Any] = {
    "name": "garments",
    "data": {"format": "csv", "text": "Text", "label": "Rating"},
    "labels": {"names": ["bad", "good"]},
    "gate": {"minimum": 0.6},
}
FIGURES = {"precision": 0.5, "recall": 0.25, "f1": 0.7, "support": 5}
EVALUATION: dict[str, Any] = {
    "recipe": "garments",
    "labels": ["bad", "good"],
    "multi_label": False,
    "holdout": {"rows": 10, "labels": {"bad": 4, "good": 6}},
    "candidate": {
        "metrics": {"macro_f1": 0.7, "accuracy": 0.75},
        "per_class": {"bad": FIGURES, "good": FIGURES},
        "confusion_matrix": [[3, 1], [2, 4]],
        "calibration": [{"confidence": 0.6, "accuracy": 0.5, "count": 10}],
    },
    "champion": None,
    "comparison": None,
    "gate": {
        "passed": True,
        "forced": False,
        "reason": "macro_f1 0.7000 reaches 0.6000.",
        "metric": "macro_f1",
        "candidate": 0.7,
        "champion": None,
        "minimum": 0.6,
        "max_regression": 0.0,
    },
}
REFUSAL = {"passed": False, "reason": "macro_f1 0.7000 is below 0.9000.", "minimum": 0.9}
PREPARATION = {
    "rows": 101,
    "used": 100,
    "dropped": {"empty_text": {"count": 1, "first_rows": [7], "values": []}},
    "splits": {"train": {"rows": 90, "labels": {"bad": 45, "good": 45}}},
    "rebalanced": None,
}
COMMIT = "c0ffee"
DATA = "s3://lake/reviews.csv"
PARAMETERS = {"Case": "", "Data": DATA, "DataSha256": "d" * 64, "Commit": COMMIT}


def definition(home: str, role_arn: str, group: str) -> str:
    """Prepare, which fails in the case `failed`, Evaluate, and Register or Fail; they write below `home`."""
    case: Any = {"Get": "Parameters.Case"}

    def job(name: str, *outputs: str) -> dict[str, Any]:
        script = "import os, sys; print('one'); print('two'); sys.exit(os.environ['CASE'] == 'failed')"
        image = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}

        def output(folder: str) -> dict[str, Any]:
            uri = {"Std:Join": {"On": "/", "Values": [home, case, folder]}}
            place = {
                "S3Uri": uri,
                "LocalPath": f"/opt/ml/processing/output/{folder}",
                "S3UploadMode": "EndOfJob",
            }
            return {"OutputName": folder, "S3Output": place}

        arguments = {
            "AppSpecification": {"ImageUri": image, "ContainerEntrypoint": ["python3", "-c", script]},
            "Environment": {"CASE": case},
            "ProcessingResources": {"ClusterConfig": cluster},
            "ProcessingOutputConfig": {"Outputs": [output(folder) for folder in outputs]},
            "RoleArn": role_arn,
        }
        return {"Name": name, "Type": "Processing", "Arguments": arguments}

    specification = {
        "Containers": [
            {
                "Image": "685385470294.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1",
                "ModelDataUrl": f"{home}/model.tar.gz",
            }
        ],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    }
    register = {
        "ModelPackageGroupName": group,
        "InferenceSpecification": specification,
        "ModelApprovalStatus": "PendingManualApproval",
        "CustomerMetadataProperties": {"recipe": "garments", "problem": "garments"},
    }
    condition = {"Type": "Equals", "LeftValue": case, "RightValue": "passed"}
    gate = {
        "Conditions": [condition],
        "IfSteps": [{"Name": "Register", "Type": "RegisterModel", "Arguments": register}],
        "ElseSteps": [
            {"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": "The gate refused it."}}
        ],
    }
    listed = [
        job("Prepare", "summary"),
        {**job("Evaluate", "evaluation"), "DependsOn": ["Prepare"]},
        {"Name": "Gate", "Type": "Condition", "Arguments": gate, "DependsOn": ["Evaluate"]},
    ]
    stated = [{"Name": name, "Type": "String"} for name in PARAMETERS]
    return json.dumps({"Version": "2020-12-01", "Parameters": stated, "Steps": listed})


@dataclass(frozen=True)
class Past:
    """A model-build repository at `root`, and the ARNs of the ended executions of its pipeline, by case."""

    root: Path
    aws: Aws
    executions: dict[str, str] = field(default_factory=dict)

    def call(self, *arguments: str, **variables: str) -> Result:
        """The result of a command in the repository."""
        environment = self.aws.environment | {"GITHUB_SHA": COMMIT} | variables
        return CliRunner().invoke(app, [*arguments, "--root", str(self.root)], env=environment)

    def of(self, case: str) -> tuple[str, str]:
        """The option that names the execution of a case, and its value."""
        return "--execution", self.executions[case].rpartition("/")[2]

    @property
    def package(self) -> str:
        """The ARN of the version that was registered."""
        listed = self.aws.client("sagemaker").list_model_packages(ModelPackageGroupName=self.aws.group)
        return str(listed["ModelPackageSummaryList"][0]["ModelPackageArn"])

    def put(self, key: str, content: str) -> None:
        """Put an object into the artifact bucket."""
        self.aws.client("s3").put_object(Bucket=self.aws.bucket, Key=key, Body=content.encode())


@pytest.fixture(scope="session")
def ended(local_server: Any, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Past:
    """The project, which no test changes."""
    root = tmp_path_factory.mktemp("shop")
    (root / "recipes").mkdir()
    (root / "recipes" / "garments.yaml").write_text(yaml.safe_dump(RECIPE))
    (root / "steps").symlink_to(repository / "steps")
    past = Past(root, Aws(local_server, "past"))
    for case, gate in (("passed", {}), ("refused", REFUSAL)):
        document = EVALUATION | {"gate": EVALUATION["gate"] | gate}
        past.put(f"runs/{case}/evaluation/evaluation.json", json.dumps(document))
        past.put(f"runs/{case}/summary/prepare.json", json.dumps(PREPARATION))
    past.put("runs/model.tar.gz", "a model")
    sagemaker, name = past.aws.client("sagemaker"), f"{past.aws.name}-garments"
    written = definition(f"s3://{past.aws.bucket}/runs", past.aws.role_arn, past.aws.group)
    sagemaker.create_pipeline(
        PipelineName=name, PipelineDefinition=written, RoleArn=past.aws.role_arn, ClientRequestToken="x" * 32
    )
    for case in ("failed", "refused", "passed"):
        given = [{"Name": key, "Value": value or case} for key, value in PARAMETERS.items()]
        past.executions[case] = sagemaker.start_pipeline_execution(
            PipelineName=name, PipelineParameters=given, ClientRequestToken=case * 6
        )["PipelineExecutionArn"]
    for arn in past.executions.values():
        while (
            sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
            == "Executing"
        ):
            time.sleep(0.1)
    return past


@pytest.fixture
def past(ended: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Past:
    """The project, for a command that writes into a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return ended

"""How fast the page of `local-aws up` answers with long lists: 200 executions of a pipeline, 200 versions of a model.

It works as a developer, whose calls are all judged, as in `up`.
"""

from __future__ import annotations

import json
import statistics
import time
from contextlib import closing

import requests

from bench.table import Row
from local_aws.console import Aws, Console, Renewed
from local_aws.developer import credentials, granted_project
from local_aws.identities import Identity
from local_aws.project import Project
from local_aws.server import Server

MILLISECONDS = 100
MANY = 200
_METRICS = ("accuracy", "macro_f1", "micro_f1", "log_loss", "mean_roc_auc")
_PIPELINE = "many"


def rows(quick: bool = False) -> list[Row]:
    many = 40 if quick else MANY
    with Server(enforce=True) as server:
        project = granted_project(server.account.clients)
        _fill(server, project, many)
        clients = server.account.clients
        developer = Renewed(lambda: credentials(clients, project, Identity.DEVELOPER))
        with closing(Console(server.endpoint_url, Aws(clients, developer))) as console:
            server.add_gateway(console)
            return [
                _row(f"the page of {what}", _answered(console.address + path))
                for what, path in (
                    (f"a pipeline with {many} executions", f"pipelines/{_PIPELINE}"),
                    (f"a model with {many} versions", f"registry/{project.model_package_group}"),
                    ("all pipelines", "pipelines"),
                    ("one version", f"registry/{project.model_package_group}/1"),
                )
            ]


def _row(name: str, seconds: float) -> Row:
    passed = seconds * 1000 <= MILLISECONDS
    return Row(name, f"{seconds * 1000:.0f} ms", "", "", f"at most {MILLISECONDS} ms", passed)


def _answered(url: str) -> float:
    """The median of some answers in seconds, after a first one."""
    seconds = []
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(12):
            started = time.perf_counter()
            session.get(url, timeout=60).raise_for_status()
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def _fill(server: Server, project: Project, many: int) -> None:
    sagemaker, s3 = server.client("sagemaker"), server.client("s3")
    step = {"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": "on purpose"}}
    sagemaker.create_pipeline(
        PipelineName=_PIPELINE,
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": [step]}),
        RoleArn=project.pipeline_role_arn,
    )
    for number in range(many):
        sagemaker.start_pipeline_execution(PipelineName=_PIPELINE)
        folder = f"runs/{number}/evaluation"
        report = {"candidate": {"metrics": dict.fromkeys(_METRICS, number / many)}}
        s3.put_object(
            Bucket=project.bucket, Key=f"{folder}/evaluation.json", Body=json.dumps(report).encode()
        )
        statistics_uri = f"s3://{project.bucket}/{folder}/model_quality.json"
        s3.put_object(Bucket=project.bucket, Key=f"{folder}/model_quality.json", Body=b"{}")
        quality = {"Statistics": {"ContentType": "application/json", "S3Uri": statistics_uri}}
        sagemaker.create_model_package(
            ModelPackageGroupName=project.model_package_group, ModelMetrics={"ModelQuality": quality}
        )

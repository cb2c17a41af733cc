"""One page on the session's server, and what tests fill the account with."""

import json
import re
import time
from contextlib import closing
from dataclasses import dataclass

import pytest
import requests

from local_aws.console import Aws, Console, Renewed


@dataclass(frozen=True)
class Browser:
    """Asks for pages without a browser, as one of the page's own."""

    address: str
    origin: str

    def get(self, *path, **query):
        return requests.get(self.address + "/".join(map(str, path)), params=query, timeout=30)

    def page(self, *path, **query):
        """The text of a page that is there."""
        answer = self.get(*path, **query)
        assert answer.status_code == 200, answer.text
        return answer.text

    def token(self):
        return re.search(r'name="token" value="([^"]+)"', self.page("registry", self.group, 1))[1]

    def send(self, *path, origin=None, **form):
        headers = {"Origin": origin or self.origin}
        return requests.post(
            self.address + "/".join(map(str, path)),
            data=form,
            headers=headers,
            timeout=30,
            allow_redirects=False,
        )


@pytest.fixture(scope="session")
def console(local_server):
    """The page of the session's server, which works as its administrator there."""
    clients = local_server.account.clients
    aws = Aws(clients, Renewed(lambda: clients.keys.administrator))
    with closing(Console(local_server.endpoint_url, aws, pause=0.05)) as page:
        local_server.add_gateway(page)
        yield page


@pytest.fixture(scope="session")
def browser(console, local_server):
    return Browser(console.address, local_server.endpoint_url)


@dataclass(frozen=True)
class Registry:
    """A model package group with versions, each with an evaluation."""

    aws: object

    def add(self, **metrics):
        """Register a version with those metrics on the holdout; returns its ARN."""
        s3, group = self.aws.client("s3"), self.aws.group
        number = len(self.versions()) + 1
        folder = f"runs/{number}/evaluation"
        report = {
            "candidate": {"metrics": metrics, "per_class": {}},
            "champion": None,
            "gate": {"reason": f"macro_f1 of version {number} <b>suffices</b>"},
        }
        s3.put_object(
            Bucket=self.aws.bucket, Key=f"{folder}/evaluation.json", Body=json.dumps(report).encode()
        )
        statistics = f"s3://{self.aws.bucket}/{folder}/model_quality.json"
        s3.put_object(Bucket=self.aws.bucket, Key=f"{folder}/model_quality.json", Body=b"{}")
        made = self.aws.client("sagemaker").create_model_package(
            ModelPackageGroupName=group,
            CustomerMetadataProperties={"recipe": "clothing-reviews"},
            ModelMetrics={
                "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": statistics}}
            },
        )
        return made["ModelPackageArn"]

    def versions(self):
        pages = self.aws.client("sagemaker").get_paginator("list_model_packages")
        return [
            each
            for page in pages.paginate(ModelPackageGroupName=self.aws.group)
            for each in page["ModelPackageSummaryList"]
        ]

    def describe(self, arn):
        return self.aws.client("sagemaker").describe_model_package(ModelPackageName=arn)


@pytest.fixture
def registry(aws):
    return Registry(aws)


@dataclass(frozen=True)
class Pipelines:
    """Pipelines of steps that end at once."""

    aws: object

    def add(self, *steps, parameters=()):
        """A pipeline of those steps; returns its name."""
        name = f"{self.aws.name}-pipeline"
        definition = {"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps)}
        self.aws.client("sagemaker").create_pipeline(
            PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=self.aws.role_arn
        )
        return name

    def run(self, name):
        """The id of a new execution, once it has ended."""
        sagemaker = self.aws.client("sagemaker")
        arn = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
        while self._status(arn) in {"Executing", "Stopping"}:
            time.sleep(0.02)
        return arn.rpartition("/")[2]

    def _status(self, arn):
        described = self.aws.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
        return described["PipelineExecutionStatus"]


@pytest.fixture
def pipelines(aws):
    return Pipelines(aws)

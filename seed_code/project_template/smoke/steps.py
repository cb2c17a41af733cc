"""The steps of a run, in their order. GitHub's workflows do the work, under the project's own roles; a step starts and watches."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError

from project_template.account import publication
from project_template.commands import create, publish
from project_template.core import blueprint
from project_template.core.settings import Form
from project_template.doctor.finding import Finding
from project_template.doctor.sign_in import sign_in
from project_template.errors import SmokeError
from project_template.github import fetch
from project_template.smoke.life import Life

TEXTS = ("love great perfect", "terrible worst problem")
SAMPLE_KEY = "smoke/sample.tsv"
_TIMEOUT = 60
_COPIED = (
    "ModelPackageGroupName",
    "ModelPackageDescription",
    "InferenceSpecification",
    "MetadataProperties",
    "ModelMetrics",
    "DriftCheckBaselines",
    "CustomerMetadataProperties",
    "Domain",
    "Task",
)
"""The members of the first version's description that a second version takes over."""


def publishing(life: Life) -> None:
    """The template is published, and GitHub lets the token in. Raises SmokeError."""
    from project_template import stacks

    source = blueprint.checkout(github_api_url=life.settings.github_api_url)
    publish.run(life.aws, life.settings, source, stacks, life.console, timeout=life.deadline.left)
    published = publication.find(life.aws, life.name)
    life.bucket = published.bucket
    signed = sign_in(life.aws, published.record, fetch)
    if isinstance(signed, Finding):
        raise SmokeError(f"{signed.found}. {signed.fix}")
    life.github = signed


def sample(life: Life) -> None:
    """The data is where the project's roles will read it."""
    life.aws.s3.put_object(Bucket=life.bucket, Key=SAMPLE_KEY, Body=life.data)


def creation(life: Life) -> None:
    """A project whose gate to production is the registry: GitHub has reviewers in its dearest plan only."""
    values = {
        "GitHubOwner": life.plan.github_org,
        "Recipe": life.plan.recipe,
        "TrainingData": f"s3://{life.bucket}/{SAMPLE_KEY}",
        "ProductionGate": "registry",
    }
    request = create.Request(
        life.name,
        life.name,
        Form.S3,
        values,
        description="A throw-away project of a smoke run",
        timeout=life.deadline.left,
        tags=life.tags,
    )
    create.run(life.aws, request, life.console)


def training(life: Life) -> None:
    """The push that poured the repository has trained a model, and registered it. Raises SmokeError."""
    life.workflow("build", "push")
    listed = life.aws.sagemaker.list_model_packages(ModelPackageGroupName=life.group)[
        "ModelPackageSummaryList"
    ]
    if not listed:
        raise SmokeError(f"The workflow succeeded, and there is no model package in {life.group}.")
    life.packages = sorted(each["ModelPackageArn"] for each in listed)
    described = life.aws.sagemaker.describe_model_package(ModelPackageName=life.packages[0])
    life.note(f"Registered: version {described['ModelPackageVersion']}, {described['ModelApprovalStatus']}")


def first_rollout(life: Life) -> None:
    """The first version is approved, and reaches staging and production."""
    _roll_out(life, life.packages[0])


def asking(life: Life) -> None:
    """The API in production answers who signs, and nobody else. Raises SmokeError."""
    url = life.endpoint_stack_output("production", "ApiUrl")
    refused, _ = _post(url, {})
    if refused != 403:
        raise SmokeError(f"The API answers a request without a signature with {refused}, and not with 403.")
    status, body = _post(url, _signed(life, url))
    life.note(f"The API answered {status}: {body[:500]}")
    if status != 200:
        raise SmokeError(f"The API answers {status} to a signed request: {body[:500]}")


def second_version(life: Life) -> None:
    """The same bytes again as a second version, since one can only go back where there was another before."""
    sagemaker = life.aws.sagemaker
    described: Mapping[str, Any] = sagemaker.describe_model_package(ModelPackageName=life.packages[0])
    sent: Any = {member: described[member] for member in _COPIED if member in described}
    made = sagemaker.create_model_package(**sent, ModelApprovalStatus="PendingManualApproval")
    life.packages.append(made["ModelPackageArn"])


def second_rollout(life: Life) -> None:
    """The second version takes over from the first, in production by canary."""
    _roll_out(life, life.packages[1])


def rollback(life: Life) -> None:
    """The second version is rejected, and the first one serves again in both stages."""
    rejected = life.packages[1]
    life.aws.sagemaker.update_model_package(
        ModelPackageArn=rejected,
        ModelApprovalStatus="Rejected",
        ApprovalDescription="The smoke run goes back.",
    )
    life.workflow("deploy", "repository_dispatch", f"model-rejected {rejected}")
    _require_served(life, life.packages[0])


STEPS: tuple[tuple[str, Callable[[Life], None]], ...] = (
    ("publish", publishing),
    ("upload the sample", sample),
    ("create the project", creation),
    ("train", training),
    ("approve and roll out", first_rollout),
    ("ask", asking),
    ("register a second version", second_version),
    ("approve and roll out the second version", second_rollout),
    ("reject it and roll back", rollback),
    ("ask again", asking),
)


def _roll_out(life: Life, arn: str) -> None:
    life.aws.sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="Approved by a smoke run.",
        ModelLifeCycle={
            "Stage": "Production",
            "StageStatus": "Approved",
            "StageDescription": "Approved by a smoke run.",
        },
    )
    life.workflow("deploy", "repository_dispatch", f"model-approved {arn}")
    _require_served(life, arn)


def _require_served(life: Life, arn: str) -> None:
    for stage in ("staging", "production"):
        served = life.served(stage)
        if served != arn:
            raise SmokeError(f"The endpoint in {stage} serves {served}, and not {arn}.")
        life.note(f"In {stage} serves {arn}")


def _signed(life: Life, url: str) -> dict[str, str]:
    credentials = life.aws.session.get_credentials()
    if credentials is None:
        raise NoCredentialsError()
    request = AWSRequest(method="POST", url=url, headers={"content-type": "application/json"}, data=_body())
    SigV4Auth(credentials, "execute-api", life.aws.region).add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}


def _post(url: str, headers: Mapping[str, str]) -> tuple[int, str]:
    all_headers = {"content-type": "application/json", **headers}
    request = urllib.request.Request(url, data=_body(), headers=all_headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")


def _body() -> bytes:
    return json.dumps({"texts": list(TEXTS)}).encode()

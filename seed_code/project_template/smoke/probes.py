"""Probes: small questions to AWS whose answers the embedded AWS assumes. AWS_CONFORMANCE.md lists them.

A probe returns what it saw. What it makes it takes away.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from model_common.aws.errors import error_code, error_text, is_denied, unless_missing
from model_common.deadline import Deadline
from project_template.account import project
from project_template.errors import CommandError
from project_template.smoke import searches
from project_template.smoke.life import Life
from project_template.smoke.verdicts import Finding, Verdict

PROBE_ROLE = "probe"
_STEP = "Tune"
_LATER = 90
"""Seconds that IAM may take until a new role is known everywhere."""


def project_id_is_injected(life: Life) -> tuple[Verdict, str]:
    """SageMaker gives a template of the S3 form the parameters SageMakerProjectName and SageMakerProjectId."""
    found = project.describe(life.aws, life.name)
    if found is None or not found.stack:
        return Verdict.NOT_TRIED, "the project has no stack"
    described = life.aws.cloudformation.describe_stacks(StackName=found.stack)["Stacks"][0]
    given = {each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", [])}
    same = (given.get("SageMakerProjectName"), given.get("SageMakerProjectId")) == (found.name, found.id)
    return (
        _verdict(same),
        f"the stack's SageMakerProjectId is {given.get('SageMakerProjectId')!r}, the project's {found.id!r}",
    )


def model_of_a_package_needs_a_permission_on_it(life: Life) -> tuple[Verdict, str]:
    """CreateModel from a model package asks for `sagemaker:CreateModel` on the package's ARN, too."""
    try:
        role = _probe_role(life)
        client = _as_role(life, role)
        return _tried_model(life, client, role)
    finally:
        _drop_role(life)


def a_pipeline_names_its_search_after_execution_and_step(life: Life) -> tuple[Verdict, str]:
    """A pipeline names the tuning job of a Tuning step EXECUTION-STEP-RANDOM, which the permissions of roles rely on.

    The pipeline's role may create none: the refusal names the job, and nothing runs.
    """
    name, sagemaker = f"{life.name}-{PROBE_ROLE}", life.aws.sagemaker
    try:
        role = _probe_role(life)
        definition = searches.definition(_STEP, role, _image(life), f"s3://{life.bucket}/probe/")
        made: dict[str, Any] = {
            "PipelineName": name,
            "PipelineDefinition": definition,
            "RoleArn": role,
            "Tags": [{"Key": key, "Value": value} for key, value in life.tags.items()],
        }
        # A role that is new is not known everywhere at once.
        _retried(lambda: sagemaker.create_pipeline(**made, ClientRequestToken=str(uuid.uuid4())))
        started = sagemaker.start_pipeline_execution(PipelineName=name, ClientRequestToken=str(uuid.uuid4()))[
            "PipelineExecutionArn"
        ]
        for _ in life.deadline.looks("The execution that may not search"):
            steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=started)[
                "PipelineExecutionSteps"
            ]
            if steps and steps[0]["StepStatus"] not in {"Starting", "Executing"}:
                return searches.judge(_STEP, started.rpartition("/")[2], steps[0].get("FailureReason", ""))
        raise AssertionError("unreachable")
    finally:
        drop_pipeline(sagemaker, name)
        _drop_role(life)


def an_equal_run_is_cached(life: Life) -> tuple[Verdict, str]:
    """Step caching compares a step's arguments, within one pipeline: the same execution again trains nothing."""
    sagemaker = life.aws.sagemaker
    listed = sagemaker.list_pipeline_executions(PipelineName=life.pipeline)["PipelineExecutionSummaries"]
    last = next((each for each in listed if each.get("PipelineExecutionStatus") == "Succeeded"), None)
    if last is None:
        return Verdict.NOT_TRIED, f"{life.pipeline} has no execution that succeeded"
    parameters = sagemaker.list_pipeline_parameters_for_execution(
        PipelineExecutionArn=last["PipelineExecutionArn"]
    )["PipelineParameters"]
    started = sagemaker.start_pipeline_execution(
        PipelineName=life.pipeline,
        PipelineParameters=parameters,
        PipelineExecutionDescription="Smoke: cached?",
        ClientRequestToken=str(uuid.uuid4()),
    )["PipelineExecutionArn"]
    try:
        for _ in life.deadline.looks("The repeated execution"):
            steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=started)[
                "PipelineExecutionSteps"
            ]
            prepare = next((each for each in steps if each["StepName"] == "Prepare"), None)
            if prepare is None:
                continue
            if "CacheHitResult" in prepare:
                return Verdict.CONFIRMED, "the step Prepare is a cache hit"
            if "ProcessingJob" in prepare.get("Metadata", {}) or prepare["StepStatus"] not in {
                "Starting",
                "Executing",
            }:
                return Verdict.DIFFERS, f"the step Prepare is {prepare['StepStatus']}, with a job of its own"
        raise AssertionError("unreachable")
    finally:
        _stop(life, started)


def a_reviewer_has_to_read_the_repository(life: Life) -> tuple[Verdict, str]:
    """GitHub refuses a reviewer of an environment who may not read the repository. Needs `--outsider`, and a plan with reviewers."""
    if not life.outsider or life.github is None:
        return Verdict.NOT_TRIED, "no --outsider names a login that may not read the repository"
    found = life.github.get(f"/users/{life.outsider}")
    if found.status != 200:
        return Verdict.NOT_TRIED, f"GitHub answers {found.status} to the login"
    body = {"reviewers": [{"type": "User", "id": found.body["id"]}]}
    status, response = _put(life, f"/repos/{life.repository('deploy')}/environments/smoke-probe", body)
    if status == 422 and "plan" in response.lower():
        return Verdict.NOT_TRIED, f"the plan has no reviewers: {response}"
    if status == 200:
        # GitHub may also take the request and leave the reviewer out.
        kept = life.outsider.lower() in response.lower()
        return _verdict(not kept), f"GitHub answers 200, {'with' if kept else 'without'} the reviewer"
    return _verdict(status == 422), f"GitHub answers {status}: {response}"


PROBES: dict[str, Callable[[Life], tuple[Verdict, str]]] = {
    probe.__name__: probe
    for probe in (
        project_id_is_injected,
        model_of_a_package_needs_a_permission_on_it,
        an_equal_run_is_cached,
        a_pipeline_names_its_search_after_execution_and_step,
        a_reviewer_has_to_read_the_repository,
    )
}


def run(life: Life) -> None:
    """Note every probe's finding. One that fails says nothing of AWS, and keeps no other from being tried."""
    for name, probe in PROBES.items():
        try:
            verdict, seen = probe(life)
        except (BotoCoreError, ClientError, CommandError, KeyError, OSError) as error:
            verdict, seen = Verdict.NOT_TRIED, f"{type(error).__name__}: {error}"
        life.findings.append(Finding(name, verdict, seen))
        life.note(f"Probe {name}: {verdict}, {seen}")


def untried(reason: str) -> list[Finding]:
    """All of them, where a run did not come that far."""
    return [Finding(name, Verdict.NOT_TRIED, reason) for name in PROBES]


def _verdict(holds: bool) -> Verdict:
    return Verdict.CONFIRMED if holds else Verdict.DIFFERS


def probe_role_name(name: str) -> str:
    """The role that probes of the run `name` work as."""
    return f"{name}-{PROBE_ROLE}"


def _probe_role(life: Life) -> str:
    """A role that may create models of whatever package, and nothing on packages."""
    account = f"arn:{life.aws.partition}:iam::{life.aws.account}:root"
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": account, "Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    name = probe_role_name(life.name)
    made = life.aws.iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=_document(trust),
        Tags=[{"Key": key, "Value": value} for key, value in life.tags.items()],
    )["Role"]["Arn"]
    models = (
        f"arn:{life.aws.partition}:sagemaker:{life.aws.region}:{life.aws.account}:model/{life.name}-probe*"
    )
    allowed: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": "sagemaker:CreateModel", "Resource": models},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": made},
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket", "kms:Decrypt"], "Resource": "*"},
    ]
    life.aws.iam.put_role_policy(RoleName=name, PolicyName="probe", PolicyDocument=_document(*allowed))
    return str(made)


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _as_role(life: Life, arn: str) -> Any:
    """A client of SageMaker with the role's session. A new role can be assumed after some seconds."""
    last: ClientError | None = None
    for _ in Deadline(_LATER).looks("The probe's role"):
        try:
            made = life.aws.sts.assume_role(RoleArn=arn, RoleSessionName="smoke")["Credentials"]
        except ClientError as error:
            if not is_denied(error):
                raise
            last = error
            continue
        return life.aws.session.client(
            "sagemaker",
            aws_access_key_id=made["AccessKeyId"],
            aws_secret_access_key=made["SecretAccessKey"],
            aws_session_token=made["SessionToken"],
        )
    raise AssertionError(last)


def _tried_model(life: Life, client: Any, role: str) -> tuple[Verdict, str]:
    name = f"{life.name}-probe"
    try:
        client.create_model(
            ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"ModelPackageName": life.packages[0]}
        )
    except ClientError as error:
        response = f"{error_code(error)}: {error_text(error)}"
        if is_denied(error):
            return _verdict(":model-package/" in error_text(error)), response
        return Verdict.NOT_TRIED, response
    life.aws.sagemaker.delete_model(ModelName=name)
    return Verdict.DIFFERS, "the model was made without a permission on the package"


def _drop_role(life: Life) -> None:
    drop_role(life.aws.iam, probe_role_name(life.name))


def drop_role(iam: Any, name: str) -> None:
    """Delete the probe's role, if it is there."""
    unless_missing(iam.delete_role_policy, RoleName=name, PolicyName="probe")
    unless_missing(iam.delete_role, RoleName=name)


def drop_pipeline(sagemaker: Any, name: str) -> None:
    """Delete the probe's pipeline, if it is there."""
    unless_missing(sagemaker.delete_pipeline, PipelineName=name, ClientRequestToken=str(uuid.uuid4()))


def _image(life: Life) -> str:
    """An image that is there: that of the package."""
    package = life.aws.sagemaker.describe_model_package(ModelPackageName=life.packages[0])
    return str(package["InferenceSpecification"]["Containers"][0]["Image"])


def _retried(call: Callable[[], Any]) -> Any:
    for _ in Deadline(_LATER).looks("The probe's role"):
        try:
            return call()
        except ClientError as error:
            if error_code(error) != "ValidationException" or "role" not in error_text(error).lower():
                raise
    raise AssertionError("unreachable")


def _stop(life: Life, arn: str) -> None:
    try:
        life.aws.sagemaker.stop_pipeline_execution(
            PipelineExecutionArn=arn, ClientRequestToken=str(uuid.uuid4())
        )
    except ClientError as error:
        # It has ended by itself.
        life.note(f"The repeated execution: {error_text(error)}")


def _put(life: Life, path: str, body: Any) -> tuple[int, str]:
    assert life.github is not None
    request = urllib.request.Request(
        life.github.url(path),
        data=json.dumps(body).encode(),
        headers={**life.github.headers(), "Content-Type": "application/json"},
        method="PUT",
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")

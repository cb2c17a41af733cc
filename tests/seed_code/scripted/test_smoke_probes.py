"""The probes of a smoke run: the verdict of each answer that AWS and GitHub can give, and nothing left behind."""

import urllib.error
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError

from model_common.deadline import Deadline
from project_template.errors import SmokeError
from project_template.github import Answer, GitHub
from project_template.smoke import probes
from project_template.smoke.verdicts import Verdict

SM = "arn:aws:sagemaker:eu-west-1:123456789012:"
ROLE = "arn:aws:iam::123456789012:role/smoke-1-probe"
EXECUTION = f"{SM}pipeline/smoke-1-x/execution/abc123"


@pytest.fixture
def life(aws):
    noted = []
    return SimpleNamespace(
        aws=aws, name="smoke-1", bucket="b", pipeline="smoke-1-x", tags={"project-template:smoke": "t"}, outsider="", github=None,
        packages=[f"{SM}model-package/smoke-1-models/1"], findings=[], note=noted.append, noted=noted, deadline=Deadline(60),
        repository=lambda kind: f"acme/smoke-1-{kind}",
    )  # fmt: skip


@pytest.fixture
def project(script, stated):
    def state(stack="SP-p-1", **parameters):
        detail = {"StackDetail": {"Name": stack, "StatusMessage": "x"}} if stack else {}
        provider = {"TemplateName": "t", "TemplateURL": "https://t", **detail}
        script.on(
            "DescribeProject",
            {
                "ProjectArn": f"{SM}project/smoke-1",
                "ProjectName": "smoke-1",
                "ProjectId": "p-0123456789ab",
                "ProjectStatus": "CreateCompleted",
                "CreationTime": stated.now,
                "TemplateProviderDetails": [{"CfnTemplateProviderDetail": provider}],
            },
        )
        script.on("DescribeStacks", stated.stack("SP-p-1", parameters=parameters))

    return state  # fmt: skip


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({"SageMakerProjectName": "smoke-1", "SageMakerProjectId": "p-0123456789ab"}, Verdict.CONFIRMED),
        ({"SageMakerProjectName": "smoke-1", "SageMakerProjectId": ""}, Verdict.DIFFERS),
        ({"SageMakerProjectName": "smoke-2", "SageMakerProjectId": "p-0123456789ab"}, Verdict.DIFFERS),
        ({}, Verdict.DIFFERS),
    ],
)
def test_the_projects_name_and_id_reach_the_template(life, project, given, verdict):
    project(**given)
    found, seen = probes.project_id_is_injected(life)
    assert found is verdict
    assert repr(given.get("SageMakerProjectId")) in seen


def test_without_a_project_nothing_is_said_of_its_parameters(life, script, stated):
    script.on("DescribeProject", stated.refusal("ValidationException", "does not exist"))
    assert probes.project_id_is_injected(life)[0] is Verdict.NOT_TRIED


@pytest.fixture
def role(script, stated):
    made = {
        "Path": "/",
        "RoleName": "smoke-1-probe",
        "RoleId": "AROA0123456789012345",
        "Arn": ROLE,
        "CreateDate": stated.now,
    }
    keys = {
        "AccessKeyId": "ASIA" + "0" * 12,
        "SecretAccessKey": "s",
        "SessionToken": "t",
        "Expiration": stated.now,
    }
    script.on("CreateRole", {"Role": made}).on("PutRolePolicy", {})
    script.on("AssumeRole", {"Credentials": keys})
    script.on("DeleteRolePolicy", {}).on("DeleteRole", {})


@pytest.fixture
def as_role(life, script, monkeypatch):
    """The role's own client is answered by the same script."""
    monkeypatch.setattr(
        life.aws,
        "session",
        SimpleNamespace(client=lambda service, **_: script.client(service), region_name="eu-west-1"),
    )


REFUSED = "User is not authorized to perform: sagemaker:CreateModel on resource: "


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (("AccessDeniedException", f"{REFUSED}{SM}model-package/smoke-1-models/1"), Verdict.CONFIRMED),
        (("AccessDeniedException", f"{REFUSED}{SM}model/smoke-1-probe"), Verdict.DIFFERS),
        (("ValidationException", "The image is not there"), Verdict.NOT_TRIED),
        (None, Verdict.DIFFERS),
    ],
)
def test_a_model_of_a_package_is_tried_as_a_role_that_is_dropped_afterwards(
    life, script, role, as_role, stated, answer, verdict
):
    life.aws.sts, life.aws.iam, life.aws.sagemaker = (
        script.client(each) for each in ("sts", "iam", "sagemaker")
    )
    script.on(
        "CreateModel", {"ModelArn": f"{SM}model/smoke-1-probe"} if answer is None else stated.refusal(*answer)
    )
    script.on("DeleteModel", {})
    assert probes.model_of_a_package_needs_a_permission_on_it(life)[0] is verdict
    assert script.changes[-2:] == ["DeleteRolePolicy", "DeleteRole"]
    assert ("DeleteModel" in script.changes) is (answer is None)


def test_a_role_that_is_not_known_everywhere_yet_is_assumed_again(life, script, role, as_role, stated):
    life.aws.sts, life.aws.iam, life.aws.sagemaker = (
        script.client(each) for each in ("sts", "iam", "sagemaker")
    )
    keys = script._answers["AssumeRole"][0]
    script.on("AssumeRole", stated.refusal("AccessDenied"), stated.refusal("AccessDenied"), keys)
    script.on("CreateModel", stated.refusal("ValidationException", "x"))
    assert probes.model_of_a_package_needs_a_permission_on_it(life)[0] is Verdict.NOT_TRIED
    assert len(script.asked("AssumeRole")) == 3


def test_the_role_is_dropped_too_where_it_cannot_be_used(life, script, role, stated):
    script.on("PutRolePolicy", stated.refusal("MalformedPolicyDocument", "no"))
    with pytest.raises(life.aws.iam.exceptions.ClientError):
        probes.model_of_a_package_needs_a_permission_on_it(life)
    assert script.changes[-2:] == ["DeleteRolePolicy", "DeleteRole"]


@pytest.fixture
def executions(script, stated):
    """States the pipeline's executions and what the steps of the repeated one are, look by look."""

    def state(statuses, *steps):
        listed = [
            {"PipelineExecutionArn": f"{EXECUTION}{number}", "PipelineExecutionStatus": each}
            for number, each in enumerate(statuses)
        ]
        script.on("ListPipelineExecutions", {"PipelineExecutionSummaries": listed})
        script.on("ListPipelineParametersForExecution", {"PipelineParameters": [{"Name": "a", "Value": "b"}]})
        script.on("StartPipelineExecution", {"PipelineExecutionArn": EXECUTION})
        script.on("ListPipelineExecutionSteps", *({"PipelineExecutionSteps": each} for each in steps))
        script.on("StopPipelineExecution", {"PipelineExecutionArn": EXECUTION})

    return state


def prepare(status, **more):
    return {"StepName": "Prepare", "StepStatus": status, **more}


HIT = {"CacheHitResult": {"SourcePipelineExecutionArn": EXECUTION}}
JOB = {"Metadata": {"ProcessingJob": {"Arn": f"{SM}processing-job/x"}}}


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        ([[prepare("Succeeded", **HIT)]], Verdict.CONFIRMED),
        (
            [
                [],
                [{"StepName": "Train", "StepStatus": "Starting"}],
                [prepare("Starting")],
                [prepare("Succeeded", **HIT)],
            ],
            Verdict.CONFIRMED,
        ),
        ([[prepare("Executing", **JOB)]], Verdict.DIFFERS),
        ([[prepare("Starting")], [prepare("Failed")]], Verdict.DIFFERS),
    ],
)
def test_an_equal_run_is_a_cache_hit_or_has_a_job_of_its_own_and_is_stopped(
    life, script, executions, steps, verdict
):
    executions(["Failed", "Succeeded", "Succeeded"], *steps)
    assert probes.an_equal_run_is_cached(life)[0] is verdict
    assert script.asked("ListPipelineParametersForExecution") == [{"PipelineExecutionArn": f"{EXECUTION}1"}]
    assert script.asked("StartPipelineExecution")[0]["PipelineParameters"] == [{"Name": "a", "Value": "b"}]
    assert script.changes[-1] == "StopPipelineExecution"


def test_without_an_execution_that_succeeded_nothing_is_started(life, script, executions):
    executions(["Failed", "Executing"])
    assert probes.an_equal_run_is_cached(life) == (
        Verdict.NOT_TRIED,
        "smoke-1-x has no execution that succeeded",
    )
    assert script.changes == []


def test_a_repeated_run_that_has_ended_by_itself_is_noted(life, script, executions, stated):
    executions(["Succeeded"], [prepare("Succeeded", **HIT)])
    script.on("StopPipelineExecution", stated.refusal("ValidationException", "It has ended."))
    assert probes.an_equal_run_is_cached(life)[0] is Verdict.CONFIRMED
    assert life.noted == ["The repeated execution: It has ended"]


def outsider(life, status=200):
    life.outsider = "Mallory"
    answers = {"/users/Mallory": Answer(status, {"id": 666})}
    life.github = GitHub(
        "https://api.github.com", "Bearer x", lambda url, headers, body=None: answers[url[22:]]
    )


@pytest.mark.parametrize(
    ("status", "response", "verdict"),
    [
        (422, "Reviewer cannot read the repository", Verdict.CONFIRMED),
        (422, "Upgrade your PLAN to have reviewers", Verdict.NOT_TRIED),
        (200, '{"reviewers": [{"login": "mallory"}]}', Verdict.DIFFERS),
        (200, '{"reviewers": []}', Verdict.CONFIRMED),
        (403, "no", Verdict.DIFFERS),
    ],
)
def test_a_reviewer_who_may_not_read_is_refused_or_left_out(life, monkeypatch, status, response, verdict):
    outsider(life)
    sent = []
    monkeypatch.setattr(probes, "_put", lambda *given: sent.append(given[1:]) or (status, response))
    assert probes.a_reviewer_has_to_read_the_repository(life)[0] is verdict
    assert sent == [
        ("/repos/acme/smoke-1-deploy/environments/smoke-probe", {"reviewers": [{"type": "User", "id": 666}]})
    ]


def test_without_an_outsider_or_with_one_that_is_not_there_nothing_is_put(life, monkeypatch):
    monkeypatch.setattr(probes, "_put", lambda *_: pytest.fail("put"))
    assert probes.a_reviewer_has_to_read_the_repository(life)[0] is Verdict.NOT_TRIED
    outsider(life, 404)
    assert probes.a_reviewer_has_to_read_the_repository(life) == (
        Verdict.NOT_TRIED,
        "GitHub answers 404 to the login",
    )


CLOSED = urllib.error.URLError("the network is down")
LOST = EndpointConnectionError(endpoint_url="https://sagemaker.eu-west-1.amazonaws.com")


@pytest.mark.parametrize(
    "error", [SmokeError("not there"), KeyError("member"), CLOSED, TimeoutError("slow"), LOST, None]
)
def test_a_probe_that_fails_says_nothing_of_aws_and_the_next_one_is_tried(life, monkeypatch, error):
    def first(life):
        if error is not None:
            raise error
        return Verdict.CONFIRMED, "yes"

    monkeypatch.setattr(probes, "PROBES", {"first": first, "second": lambda life: (Verdict.DIFFERS, "no")})
    probes.run(life)
    expected = Verdict.CONFIRMED if error is None else Verdict.NOT_TRIED
    assert [(each.probe, each.verdict) for each in life.findings] == [
        ("first", expected),
        ("second", Verdict.DIFFERS),
    ]
    assert len(life.noted) == 2


def test_what_is_dropped_may_be_gone_already(script, life, stated):
    gone = stated.refusal("NoSuchEntity", status=404)
    script.on("DeleteRolePolicy", gone).on("DeleteRole", gone)
    script.on("DeletePipeline", stated.refusal("ResourceNotFound", "Pipeline does not exist."))
    probes.drop_role(life.aws.iam, "smoke-1-probe")
    probes.drop_pipeline(life.aws.sagemaker, "smoke-1-probe")
    assert script.changes == ["DeleteRolePolicy", "DeleteRole", "DeletePipeline"]

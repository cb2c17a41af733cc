"""`project-template create`, `update`, `env` and `teardown` as a user calls them: what is sent, printed, asked, and left alone."""

import json

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from project_template.commands import create, update
from project_template.errors import UsageError

STACK = "SP-p-0123456789ab"
ROLES = {
    "ArtifactBucketName": "shop-artifacts",
    "ArtifactKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/k",
    "ModelPackageGroupName": "shop-models",
    "PipelineRoleArn": "arn:aws:iam::123456789012:role/pipeline",
    "PullRequestRoleArn": "arn:aws:iam::123456789012:role/pull-request",
    "EndpointRoleArn": "arn:aws:iam::123456789012:role/endpoint",
    "DeployServiceRoleArn": "arn:aws:iam::123456789012:role/service",
    "ProjectBoundaryArn": "arn:aws:iam::123456789012:policy/boundary",
}


@pytest.fixture
def requests(monkeypatch):
    """The requests of `create` and `update`, which then end."""
    found = []

    def end(aws, request, console):
        found.append(request)
        raise UsageError("That is enough.")

    for command in (create, update):
        monkeypatch.setattr(command, "run", end)
    return found


CREATE = ("create", "shop", "--github-org", "acme")
PARAMETERS = [
    (("--recipe", "cooking"), {"Recipe": "cooking"}),
    (("--training-data", "s3://lake/a.csv"), {"TrainingData": "s3://lake/a.csv"}),
    (("--training-data-key", "arn:key"), {"TrainingDataKey": "arn:key"}),
    (("--training-data", "s3://lake/a/", "--watch-data"), {"TrainingData": "s3://lake/a/", "WatchedPrefix": "a/"}),
    (("--no-watch-data",), {"WatchedPrefix": ""}),
    (("--endpoint-kind", "serverless"), {"EndpointKind": "serverless"}),
    (("--production-gate", "registry"), {"ProductionGate": "registry"}),
    (("--reviewers", "mona,acme/release"), {"ProductionReviewers": "mona,acme/release"}),
    (("--visibility", "internal"), {"RepositoryVisibility": "internal"}),
    (("--build-repository", "b"), {"BuildRepositoryName": "b"}),
    (("--deploy-repository", "d"), {"DeployRepositoryName": "d"}),
    (("--trial-endpoint",), {"TrialEndpoint": "yes"}),
    (("--no-trial-endpoint",), {"TrialEndpoint": "no"}),
    (("--parameter", "PublicApi=yes", "--parameter", "EndpointSubnets=subnet-1,subnet-2"),
     {"PublicApi": "yes", "EndpointSubnets": "subnet-1,subnet-2"}),
    (("--recipe", "cooking", "--parameter", "Recipe=toxic-comments"), {"Recipe": "toxic-comments"}),
    (("--parameter", "TrainingData=s3://lake/a=b.csv"), {"TrainingData": "s3://lake/a=b.csv"}),
    (("--parameter", "Recipe="), {"Recipe": ""}),
    ((), {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"), PARAMETERS, ids=lambda each: " ".join(each) if each else None
)
def test_each_option_of_create_is_a_parameter_of_the_template(run, requests, options, expected):
    run(*CREATE, *options)
    [request] = requests
    assert dict(request.parameters) == {"GitHubOwner": "acme"} | expected
    assert (request.name, request.publication, request.form) == ("shop", "text-classification", "s3")


def test_what_is_no_parameter_goes_with_the_request_itself(run, requests):
    more = (
        "--form",
        "service-catalog",
        "--publication",
        "nlp",
        "--timeout",
        "90",
        "--description",
        "Größe, 大小",
    )
    run(*CREATE, *more, "--tag", "team=nlp", "--tag", "cost=42=x")
    [request] = requests
    assert (request.form, request.publication, request.timeout) == ("service-catalog", "nlp", 90.0)
    assert (request.description, dict(request.tags)) == ("Größe, 大小", {"team": "nlp", "cost": "42=x"})


@pytest.mark.parametrize(
    ("options", "parameters", "watch"),
    [
        ((), {}, None),
        (("--training-data", "s3://lake/b/"), {"TrainingData": "s3://lake/b/"}, None),
        (("--watch-data",), {}, True),
        (("--no-watch-data",), {}, False),
        (("--training-data-key", "arn:key"), {"TrainingDataKey": "arn:key"}, None),
        (("--no-trial-endpoint",), {"TrialEndpoint": "no"}, None),
        (("--parameter", "Recipe=two"), {"Recipe": "two"}, None),
    ],
)
def test_an_update_changes_what_is_given_and_nothing_else(run, requests, options, parameters, watch):
    run("update", "shop", *options)
    [request] = requests
    assert (dict(request.parameters), request.watch_data, dict(request.tags)) == (parameters, watch, {})


@pytest.mark.parametrize("command", [CREATE, ("update", "shop")], ids=["create", "update"])
@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--parameter", "Recipe", "--parameter is 'Recipe'; expected KEY=VALUE."),
        ("--parameter", "=x", "--parameter is '=x'; expected KEY=VALUE."),
        ("--parameter", "", "--parameter is ''; expected KEY=VALUE."),
        ("--tag", "team", "--tag is 'team'; expected KEY=VALUE."),
        ("--tag", "=nlp", "--tag is '=nlp'; expected KEY=VALUE."),
    ],
)
def test_a_pair_without_a_key_or_an_equals_sign_is_shown_as_it_was_given(
    run, requests, command, option, value, said
):
    result = run(*command, option, value)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"error: {said}" in result.stderr
    assert requests == []


@pytest.mark.parametrize("command", [CREATE, ("update", "shop")], ids=["create", "update"])
@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("aws:x=1", "--tag has the key 'aws:x'"),
        ("AWS:x=1", "--tag has the key 'AWS:x'"),
        ("sagemaker:project-name=other", "--tag has the key 'sagemaker:project-name'"),
        (f"{'k' * 129}=1", "expected up to 128 letters"),
        ("team=a;b", "--tag team is 'a;b'; expected up to 256 letters"),
        (f"team={'v' * 257}", "expected up to 256 letters"),
        ("t#m=1", "--tag has the key 't#m'"),
    ],
)
def test_a_tag_that_aws_does_not_take_is_named_before_anything_is_asked(run, script, command, tag, said):
    result = run(*command, "--tag", tag)
    assert result.exit_code == 2, result.stderr
    assert said in result.stderr
    assert script.calls == []


def test_watching_needs_something_to_watch(run, requests):
    result = run(*CREATE, "--watch-data")
    assert result.exit_code == 2
    assert (
        "--watch-data watches the training data: name it with --training-data s3://BUCKET/PREFIX/"
        in result.stderr
    )


@pytest.mark.parametrize(
    "name", ["", "-shop", "shop-", "shop_1", "shöp", "a" * 33, "a" + "-" * 31 + "b", "shop shop", "shop\n"]
)
def test_a_name_that_sagemaker_refuses_is_shown_with_its_length_and_the_rule(run, script, name):
    for arguments in (
        ("create", "--github-org", "acme", "--", name),
        ("env", "--", name),
        ("teardown", "--", name),
    ):
        result = run(*arguments)
        assert result.exit_code == 2, arguments
        assert (
            f"A project cannot be called {name!r} ({len(name)} characters): up to 32 letters" in result.stderr
        )
    assert script.calls == []


REFUSALS = [
    ("AccessDeniedException", "User: ada is not authorized.",
     "AWS denied DescribeProject: User: ada is not authorized. Whoever runs this command needs that permission"),
    ("ThrottlingException", "Rate exceeded", "AWS throttled DescribeProject beyond all retries: Rate exceeded."),
    ("ExpiredTokenException", "The token expired.", "AWS does not accept these credentials (DescribeProject: The token"),
    ("ResourceLimitExceeded", "500 projects.", "The account's quota is used up (DescribeProject): 500 projects."),
    ("InternalFailure", "", "AWS refused DescribeProject with InternalFailure: no reason was given."),
]  # fmt: skip


@pytest.mark.parametrize(
    "command", [CREATE, ("update", "shop"), ("env", "shop"), ("teardown", "shop")], ids=lambda each: each[0]
)
@pytest.mark.parametrize(("code", "text", "said"), REFUSALS, ids=[each[0] for each in REFUSALS])
def test_a_refusal_of_aws_is_one_sentence_with_the_operation_and_exit_1(
    run, script, stated, command, code, text, said
):
    script.on("DescribeProject", stated.refusal(code, text))
    result = run(*command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"error: {said}" in result.stderr
    assert "Traceback" not in result.stderr
    assert script.changes == []


CLIENTS_OWN = [
    (NoCredentialsError(), 1, "There are no AWS credentials that work (Unable to locate credentials)."),
    (EndpointConnectionError(endpoint_url="https://sagemaker.invalid"), 1, "https://sagemaker.invalid"),
    (ReadTimeoutError(endpoint_url="https://sagemaker.invalid"), 1, "https://sagemaker.invalid"),
    (PermissionError(13, "Permission denied", "reports/x.md"), 1, "Permission denied (reports/x.md)."),
    (
        OSError(28, "No space left on device", "x"),
        1,
        "The disk is full (x). Make room, and run the same command again.",
    ),
    (KeyboardInterrupt(), 130, "Interrupted. What runs on AWS goes on; the same command re-attaches to it."),
    (
        ZeroDivisionError("of ours"),
        1,
        "ZeroDivisionError: of ours. Run with --verbose to see where, and please report it.",
    ),
]


@pytest.mark.parametrize(
    "command", [CREATE, ("update", "shop"), ("env", "shop"), ("teardown", "shop")], ids=lambda each: each[0]
)
@pytest.mark.parametrize(
    ("error", "code", "said"), CLIENTS_OWN, ids=[type(each[0]).__name__ for each in CLIENTS_OWN]
)
def test_what_fails_on_the_way_to_aws_is_one_message_and_its_exit_code(
    run, script, command, error, code, said
):
    def fail(asked):
        raise error

    script.on("DescribeProject", fail)
    result = run(*command)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_verbose_shows_the_traceback_before_the_message_of_every_error(run, script, stated):
    script.on("DescribeProject", stated.refusal("AccessDeniedException", "no"))
    said = run("env", "shop", "--verbose").stderr
    assert said.index("Traceback") < said.index("error: AWS denied DescribeProject: no.")


@pytest.fixture
def project(script, stated):
    """States an S3 project `shop`, and what else there is of it."""

    def state(status="CreateCompleted", outputs=ROLES, there=True):
        described = {
            "ProjectArn": "arn:aws:sagemaker:eu-west-1:123456789012:project/shop",
            "ProjectName": "shop",
            "ProjectId": "p-0123456789ab",
            "ProjectStatus": status,
            "CreationTime": stated.now,
            "TemplateProviderDetails": [{"CfnTemplateProviderDetail": {
                "TemplateName": "t", "TemplateURL": "https://t", "StackDetail": {"Name": STACK, "StatusMessage": "x"}}}],
        }  # fmt: skip
        missing = stated.refusal("ValidationException", "Project shop does not exist.")
        script.on("DescribeProject", described if there else missing)
        endpoint = {"sagemaker:project-id": "p-0123456789ab", "sagemaker:deployment-stage": "staging"}
        lists = stated.stack("shop-staging-endpoint", tags=endpoint)
        script.on(
            "DescribeStacks",
            lambda asked: stated.stack(STACK, outputs=outputs) if "StackName" in asked else lists,
        )
        script.on("ListStackResources", {"StackResourceSummaries": []})
        script.on("ListPipelines", {"PipelineSummaries": []}).on("ListEndpoints", {"Endpoints": []})
        script.on("ListEndpointConfigs", {"EndpointConfigs": []}).on("ListModels", {"Models": []})
        script.on("GetResources", {"ResourceTagMappingList": []})
        group = {"ModelPackageGroupName": "shop-models", "ModelPackageGroupArn": "arn:aws:sagemaker:eu-west-1:123456789012:g",
                 "CreationTime": stated.now, "CreatedBy": {}, "ModelPackageGroupStatus": "Completed"}  # fmt: skip
        script.on("DescribeModelPackageGroup", group)
        script.on("ListTags", {"Tags": [{"Key": "sagemaker:project-id", "Value": "p-0123456789ab"}]})
        return lists

    return state


def test_env_prints_exports_for_a_shell_and_one_object_for_machines(run, script, project):
    project(outputs=ROLES | {"TrialRoleArn": "arn:trial"})
    lines = run("env", "shop").stdout.splitlines()
    assert lines[:4] == [
        "export AWS_REGION=eu-west-1",
        "export SAGEMAKER_PROJECT_NAME=shop",
        "export SAGEMAKER_PROJECT_ID=p-0123456789ab",
        "export ARTIFACT_BUCKET=shop-artifacts",
    ]
    found = json.loads(run("env", "shop", "--json").stdout)
    assert found["TRIAL_ROLE_ARN"] == "arn:trial"
    assert "PULL_REQUEST_TRIAL_ROLE_ARN" not in found
    assert len(lines) == len(found) == 12
    assert script.changes == []


def test_env_of_a_project_that_is_not_there_or_has_no_stack_says_what_makes_one(run, script, project, stated):
    project(there=False)
    assert (
        "There is no project shop in eu-west-1, or it has no stack yet: `project-template create shop"
        in run("env", "shop").stderr
    )
    project()
    script.on("DescribeStacks", stated.missing_stack)
    result = run("env", "shop")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--region chooses another region" in result.stderr


def test_env_names_every_output_that_the_stack_lacks(run, project):
    lacking = {"PipelineRoleArn", "ProjectBoundaryArn"}
    project(outputs={key: value for key, value in ROLES.items() if key not in lacking})
    result = run("env", "shop")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "has no output PipelineRoleArn, ProjectBoundaryArn: " in result.stderr
    assert "`project-template update shop` adds them." in result.stderr


def test_a_teardown_lists_first_and_is_refused_while_endpoints_live(run, script, project):
    project()
    result = run("teardown", "shop", "--yes")
    assert result.exit_code == 3
    assert result.stdout.splitlines() == [
        "project shop  p-0123456789ab  CreateCompleted",
        "endpoint stack shop-staging-endpoint  CREATE_COMPLETE  (billed while it lives)",
        "Kept (--with-data deletes it): model package group shop-models",
    ]
    assert "clients may call them: shop-staging-endpoint." in result.stderr
    assert result.stderr.rstrip().endswith("Nothing was deleted.")
    assert script.changes == []


@pytest.mark.parametrize("answers", ["n\n", "", "\n"], ids=["no", "nobody is there", "enter"])
def test_a_teardown_that_is_not_confirmed_deletes_nothing_and_exits_2(run, script, project, answers):
    project()
    result = run("teardown", "shop", "--with-endpoints", "--with-data", answers=answers)
    assert result.exit_code == 2
    assert "model package group shop-models, WITH ALL THAT IS IN IT" in result.stdout
    assert "Delete all of this of shop?" in result.stderr
    assert "Nothing of shop was deleted. --yes deletes it without asking." in result.stderr
    assert script.changes == []


def test_with_json_the_list_is_told_on_stderr_and_stdout_holds_one_object(run, script, project):
    project(there=False)
    script.on("DescribeStacks", {"Stacks": []})
    script.on("ListTags", {"Tags": [{"Key": "sagemaker:project-name", "Value": "shop"}]})
    result = run("teardown", "shop", "--json")
    assert result.exit_code == 0, result.stderr
    kept = ["model package group shop-models"]
    assert json.loads(result.stdout) == {"project": "shop", "found": [], "left": [], "kept": kept}
    assert result.stderr.splitlines() == [
        "There is nothing of shop to delete.",
        "Kept (--with-data deletes it): model package group shop-models",
    ]
    assert script.changes == []


@pytest.mark.parametrize("command", ["create", "update"])
def test_a_result_is_printed_for_people_and_for_machines(run, script, project, published, stated, command):
    project("CreateCompleted" if command == "update" else "CreateInProgress")
    running = script._answers["DescribeProject"]
    done = running[0] | {"ProjectStatus": f"{command.capitalize()}Completed"}
    find = script._answers["DescribeStacks"][0]
    published()
    ours = script._answers["DescribeStacks"][0]
    script.on(
        "DescribeStacks", lambda asked: ours if asked["StackName"].endswith("-publication") else find(asked)
    )
    script.on("DescribeStackEvents", {"StackEvents": []})
    script.on("GetSecretValue", stated.refusal("AccessDeniedException"))
    script.on("GetTemplate", {"TemplateBody": "Parameters: {}"})
    script.on("UpdateProject", {"ProjectArn": "arn:aws:sagemaker:eu-west-1:123456789012:project/shop"})
    given = CREATE if command == "create" else ("update", "shop", "--parameter", "GitHubOwner=acme")
    printed = []
    for option in ((), ("--json",)):
        script.on("DescribeProject", running[0], done)
        result = run(*given, *option)
        assert result.exit_code == 0, result.stderr
        printed.append(result.stdout)
    lines = [line.split(None, 1) for line in printed[0].splitlines()]
    assert ["project", "shop  p-0123456789ab"] in lines
    assert ["status", done["ProjectStatus"]] in lines
    assert ["ArtifactBucketName", "shop-artifacts"] in lines
    document = json.loads(printed[1])
    assert {key: document[key] for key in ("project", "id", "status", "attached")} == {
        "project": "shop",
        "id": "p-0123456789ab",
        "status": done["ProjectStatus"],
        "attached": command == "create",
    }
    assert document["outputs"] == ROLES

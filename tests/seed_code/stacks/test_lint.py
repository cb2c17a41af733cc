"""The templates in the eyes of cfn-lint, cdk-nag, parliament and cloudsplaining.

A finding is accepted where the resource says why: Metadata.Reasons holds, by rule or by a statement's Sid, the reason
that stands beside it in the source. The few that are the tool's own are below.
"""

import dataclasses
import fnmatch
import importlib
import json
import os
import re
import subprocess
import sys
import warnings

import pytest

from model_common.cdk import prepare
from project_template.stacks import project_template, publication_template

OWN = "reviews"

# What parliament's copy of AWS's tables, older than the actions, does not know. Source: the Service Authorization Reference.
UNKNOWN_TO_PARLIAMENT = {
    ("UNKNOWN_ACTION", "s3:GetBucketAbac"),
    ("UNKNOWN_CONDITION_FOR_ACTION", "sagemaker:ModelLifeCycle:Stage"),
    ("UNKNOWN_CONDITION_FOR_ACTION", "sagemaker:ModelLifeCycle:StageStatus"),
    # A key of the resources Route and Routes, by the Service Authorization Reference.
    ("UNKNOWN_CONDITION_FOR_ACTION", "apigateway:Request/RouteAuthorizationType"),
    # It takes the colon in ${aws:PrincipalTag/...} for one of the ARN's own.
    ("RESOURCE_MISMATCH", "arn:*:iam::*:role/*"),
    # One request is authorised on interface, group and subnet, of which only the subnet has a condition: two statements.
    ("RESOURCE_MISMATCH", "ec2:CreateNetworkInterface'"),
}


def policies(made):
    """Every identity-based policy: (logical id, its document, the reasons by Sid)."""
    for name, each in made.resources.items():
        reasons = each.get("Metadata", {}).get("Reasons", {})
        match each["Type"]:
            case "AWS::IAM::Role":
                for policy in each["Properties"]["Policies"]:
                    yield name, policy["PolicyDocument"], reasons
            case "AWS::IAM::RolePolicy" | "AWS::IAM::ManagedPolicy":
                yield name, each["Properties"]["PolicyDocument"], reasons


@pytest.fixture(scope="module")
def everything(project, publication, publications):
    """The templates in all their forms: signed in by a token or as an App, with the provider or without, in both forms or one."""
    by_app = dataclasses.replace(publications.project, sign_in=publications.app)
    alone = dataclasses.replace(
        publications.settings, catalog=None, creates_oidc_provider=False, user_arns=()
    )
    return {
        "project": project,
        "project-by-app": type(project)(
            project_template(by_app), project.parameters | {"OidcProviderArn": ""}
        ),
        "publication": publication,
        "publication-in-s3": type(publication)(publication_template(alone)),
    }


def as_list(value):
    return value if isinstance(value, list) else [value]


def wide(statement):
    """The statement's resources that reach beyond what has the project's name."""
    return [
        resource
        for resource in as_list(statement.get("Resource", "*"))
        if "*" in resource and not re.search(rf"[:/\-]{OWN}[/\-]|artifactbucket", resource)
    ]


def test_every_wide_permission_has_its_reason_and_no_reason_is_idle(everything):
    for made in everything.values():
        for name, document, reasons in policies(made):
            allowed = [each for each in document["Statement"] if each["Effect"] == "Allow"]
            for each in allowed:
                # The training data's key may be the beginning of a folder's.
                if each["Sid"] != "ReadsTrainingData" and wide(each):
                    assert reasons.get(each["Sid"]), (name, each["Sid"], wide(each))
        stated = {each["Sid"] for _, document, _ in policies(made) for each in document["Statement"]}
        assert {sid for _, _, reasons in policies(made) for sid in reasons} <= stated


def test_actions_are_named_in_full_but_for_families_of_one_function(project):
    families = {"lambda:DeleteFunction*", "lambda:GetFunction*"}
    for name, document, _ in policies(project):
        for each in document["Statement"]:
            starred = {action for action in as_list(each["Action"]) if "*" in action}
            assert each["Effect"] == "Deny" or starred <= families, (name, each["Sid"])


def test_policies_fit_into_roles_also_where_names_are_long(make_project):
    made = make_project(
        SageMakerProjectName="x" * 32,
        TrainingData="s3://" + "l" * 63 + "/" + "k" * 200,
        region="us-gov-west-1",
        partition="aws-us-gov",
    )
    for role in made.of_type("AWS::IAM::Role"):
        size = sum(len(json.dumps(each, separators=(",", ":"))) for each in made.documents(role).values())
        assert size <= 10_240, role  # IAM's limit for all inline policies of a role, without white space
        trust = json.dumps(made.properties(role)["AssumeRolePolicyDocument"], separators=(",", ":"))
        assert len(trust) <= 2048, role


@pytest.mark.slow
def test_cfn_lint_finds_nothing(everything, tmp_path):
    for name in everything.keys() - {
        "project-by-app"
    }:  # but for names it is the project, and that takes its time
        (tmp_path / f"{name}.yaml").write_text(everything[name].text)
    (tmp_path / "spoiled.yaml").write_text(
        "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {Colour: red}}}"
    )
    lint = [
        sys.executable,
        "-c",
        "from cfnlint.runner import main; main()",
        "--format",
        "parseable",
        "--regions",
        "eu-west-1",
        "us-east-1",
    ]
    result = subprocess.run(
        [*lint, "--", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    found = result.stdout.splitlines()
    spoiled = [line for line in found if line.startswith(f"{tmp_path / 'spoiled.yaml'}:")]
    assert any("'Colour'" in line for line in spoiled), result.stdout + result.stderr  # or nothing was linted
    assert [line for line in found if line not in spoiled] == []


def nagged(publications, folder, spoil=lambda project: None):
    """What the AwsSolutions rules say about both stacks: (rule, logical id)."""
    prepare()
    import aws_cdk as cdk
    import cdk_nag

    from project_template.stacks.project import ProjectStack
    from project_template.stacks.publication import PublicationStack

    app = cdk.App(outdir=str(folder), analytics_reporting=False)
    spoil(ProjectStack(app, "Project", publications.project))
    PublicationStack(app, "Publication", publications.settings)
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        assert "ValidationFailed" in str(error)
    reports = json.loads((folder / "validation-report.json").read_text())["pluginReports"]
    return {
        (violation["ruleName"], construct["constructPath"].rpartition("/")[2])
        for report in reports
        for violation in report["violations"]
        for construct in violation["violatingConstructs"]
    }


def explained(made, rule, logical_id):
    """Whether the resource says why: for the rule, or for each statement that has the wildcard in question.

    Wildcards below the project's own name are what IAM5 cannot tell from others; `wide` does.
    """
    resource = made.resources.get(logical_id, {})
    reasons = resource.get("Metadata", {}).get("Reasons", {})
    if not rule.startswith("AwsSolutions-IAM5["):
        return rule in reasons
    kind, _, pattern = rule.removeprefix("AwsSolutions-IAM5[").removesuffix("]").partition("::")
    if kind == "Action":
        holding = [
            statement
            for name, document, _ in policies(made)
            if name == logical_id
            for statement in document["Statement"]
            if statement["Effect"] == "Allow" and pattern in as_list(statement["Action"])
        ]
        return all(each["Sid"] in reasons or not wide(each) for each in holding) and bool(holding)
    glob = re.sub(r"<[^>]+>", "*", pattern)
    holding = [
        statement
        for name, document, _ in policies(made)
        if name == logical_id
        for statement in document["Statement"]
        if any(fnmatch.fnmatchcase(resource, glob) for resource in as_list(statement.get("Resource", "*")))
    ]
    return bool(holding) and all(
        each["Effect"] == "Deny" or each["Sid"] in reasons or not wide(each) for each in holding
    )


@pytest.mark.slow
def test_cdk_nag_finds_nothing_without_a_reason(project, publication, publications, tmp_path):
    found = nagged(publications, tmp_path)
    assert ("AwsSolutions-S1", "ArtifactBucket") in found  # or the rules did not run
    unexplained = {
        (rule, name)
        for rule, name in found
        if not explained(project if name in project.resources else publication, rule, name)
    }
    assert unexplained == {
        # The object of the training data, by its key's beginning: whoever created the project named it.
        (rule, name)
        for rule, name in unexplained
        if "TrainingData" in rule
    }


@pytest.mark.slow
def test_cdk_nag_would_find_a_bucket_that_takes_plain_http(publications, tmp_path):
    def open_the_door(stack):
        stack.node.try_remove_child("ArtifactBucketPolicy")

    assert ("AwsSolutions-S10", "ArtifactBucket") in nagged(publications, tmp_path, open_the_door)


SPOILED = {"Sid": "Spoiled", "Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "*"}


def statements(made):
    """Every statement of an identity-based policy: (logical id, the statement, whether a reason stands beside it)."""
    for name, document, reasons in policies(made):
        for each in document["Statement"]:
            yield name, each, each["Sid"] in reasons


def by_parliament(statement, explained):
    """What parliament finds in a statement: (issue, details)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own escapes, and of pkg_resources
        parliament = importlib.import_module("parliament")
    analysed = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    for finding in parliament.analyze_policy_string(analysed).findings:
        told = f"{finding.detail} {finding.location}"
        known = any(finding.issue == issue and word in told for issue, word in UNKNOWN_TO_PARLIAMENT)
        if not known and not (finding.issue == "RESOURCE_STAR" and explained):
            yield finding.issue, told


@pytest.mark.slow
def test_parliament_finds_nothing_without_a_reason(everything):
    assert [issue for issue, _ in by_parliament(SPOILED, False)] == ["RESOURCE_STAR"]
    assert [issue for issue, _ in by_parliament(SPOILED | {"Action": "s3:Nonsense"}, True)] == [
        "UNKNOWN_ACTION"
    ]
    left = [
        (name, each["Sid"], *finding)
        for made in everything.values()
        for name, each, is_explained in statements(made)
        for finding in by_parliament(each, is_explained)
    ]
    assert left == []


def by_cloudsplaining(statement):
    """The risks that cloudsplaining sees in a statement."""
    from cloudsplaining.scan.policy_document import PolicyDocument

    policy = PolicyDocument({"Version": "2012-10-17", "Statement": [statement]})
    risks = {
        "privilege escalation": policy.allows_privilege_escalation,
        "permissions management": policy.permissions_management_without_constraints,
        "writing": policy.write_actions_without_constraints,
        "tagging": policy.tagging_actions_without_constraints,
        "credentials": policy.credentials_exposure,
        "data": policy.allows_data_exfiltration_actions,
        "whole services": policy.service_wildcard,
    }
    return {risk for risk, found in risks.items() if found}


@pytest.mark.slow
def test_cloudsplaining_finds_nothing_without_a_reason(everything):
    assert by_cloudsplaining(SPOILED) >= {"privilege escalation", "permissions management"}
    left = [
        (name, each["Sid"], risks)
        for made in everything.values()
        for name, each, is_explained in statements(made)
        if not is_explained and (risks := by_cloudsplaining(each))
    ]
    assert left == []

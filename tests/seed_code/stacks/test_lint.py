"""The templates in the eyes of cfn-lint, cdk-nag, parliament and cloudsplaining.

A finding is accepted where the resource says why: Metadata.Reasons holds, by rule or by a statement's Sid, the reason
that stands beside it in the source. The few that are the tool's own are below.
"""

import fnmatch
import json
import os
import re
import subprocess
import sys

import pytest

from project_template.stacks import prepare

OWN = "reviews"

# What parliament's copy of AWS's tables, older than the actions, does not know. Source: the Service Authorization Reference.
UNKNOWN_TO_PARLIAMENT = {
    ("UNKNOWN_ACTION", "s3:GetBucketAbac"),
    ("UNKNOWN_CONDITION_FOR_ACTION", "sagemaker:ModelLifeCycle:Stage"),
    ("UNKNOWN_CONDITION_FOR_ACTION", "sagemaker:ModelLifeCycle:StageStatus"),
    # It takes the colon in ${aws:PrincipalTag/...} for one of the ARN's own.
    ("RESOURCE_MISMATCH", "arn:*:iam::*:role/*"),
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


def as_list(value):
    return value if isinstance(value, list) else [value]


def wide(statement):
    """The statement's resources that reach beyond what has the project's name."""
    return [
        resource
        for resource in as_list(statement.get("Resource", "*"))
        if "*" in resource and not re.search(rf"[:/\-]{OWN}[/\-]|artifactbucket", resource)
    ]


def test_every_wide_permission_has_its_reason_and_no_reason_is_idle(project, publication):
    for made in (project, publication):
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
def test_cfn_lint_finds_nothing(project, publication, tmp_path):
    pytest.importorskip("cfnlint", reason="cfn-lint is not installed")
    for name, made in (("project", project), ("publication", publication)):
        (tmp_path / f"{name}.yaml").write_text(made.text)
    lint = [
        sys.executable,
        "-c",
        "from cfnlint.runner import main; main()",
        "--regions",
        "eu-west-1",
        "us-east-1",
    ]
    result = subprocess.run(
        [*lint, "--", *map(str, tmp_path.iterdir())],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr


def nagged(publications, folder, spoil=lambda project: None):
    """What the AwsSolutions rules say about both stacks: (rule, logical id)."""
    prepare()
    cdk_nag = pytest.importorskip("cdk_nag", reason="cdk-nag is not installed")
    import aws_cdk as cdk

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


@pytest.mark.slow
def test_parliament_finds_nothing_without_a_reason(project, publication):
    parliament = pytest.importorskip("parliament", reason="parliament is not installed")
    left = []
    for made in (project, publication):
        for name, document, reasons in policies(made):
            for each in document["Statement"]:
                analysed = {"Version": document["Version"], "Statement": [each]}
                for finding in parliament.analyze_policy_string(json.dumps(analysed)).findings:
                    told = f"{finding.detail} {finding.location}"
                    known = any(
                        finding.issue == issue and word in told for issue, word in UNKNOWN_TO_PARLIAMENT
                    )
                    if not known and not (finding.issue == "RESOURCE_STAR" and each["Sid"] in reasons):
                        left.append((name, each["Sid"], finding.issue, told))
    assert left == []


@pytest.mark.slow
def test_cloudsplaining_finds_nothing_without_a_reason(project, publication):
    scan = pytest.importorskip(
        "cloudsplaining.scan.policy_document", reason="cloudsplaining is not installed"
    )
    left = []
    for made in (project, publication):
        for name, document, reasons in policies(made):
            for each in document["Statement"]:
                policy = scan.PolicyDocument({"Version": document["Version"], "Statement": [each]})
                risks = {
                    "privilege escalation": policy.allows_privilege_escalation,
                    "permissions management": policy.permissions_management_without_constraints,
                    "writing": policy.write_actions_without_constraints,
                    "tagging": policy.tagging_actions_without_constraints,
                    "credentials": policy.credentials_exposure,
                    "data": policy.allows_data_exfiltration_actions,
                    "whole services": policy.service_wildcard,
                }
                left += [
                    (name, each["Sid"], risk)
                    for risk, found in risks.items()
                    if found and each["Sid"] not in reasons
                ]
    assert left == []

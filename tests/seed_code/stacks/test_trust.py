"""Who may take on which role."""

import dataclasses

import pytest

from project_template.stacks import project_template

HOST = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{HOST}"
BUILD, DEPLOY = "repo:acme@1/reviews-build@101", "repo:acme@1/reviews-deploy@202"

SUBJECTS = {
    "BuildPrRole": [f"{BUILD}:pull_request"],
    "BuildRunRole": [f"{BUILD}:ref:refs/heads/main"],
    "StagingRole": [f"{DEPLOY}:environment:staging"],
    "ProductionRole": [f"{DEPLOY}:environment:production", f"{DEPLOY}:environment:production-rollback"],
}
IDS = {"BuildPrRole": "101", "BuildRunRole": "101", "StagingRole": "202", "ProductionRole": "202"}


def accepts(
    project,
    role,
    subject,
    *,
    repository_id=None,
    audience="sts.amazonaws.com",
    provider=PROVIDER,
    ref="refs/heads/main",
):
    context = {
        f"{HOST}:aud": audience,
        f"{HOST}:sub": subject,
        f"{HOST}:repository_id": repository_id or IDS[role],
        f"{HOST}:ref": ref,
    }
    return project.trusts(role, "Federated", provider, "sts:AssumeRoleWithWebIdentity", context)


@pytest.mark.parametrize("role", SUBJECTS)
def test_each_role_is_for_the_jobs_of_one_purpose(project, role):
    everybodys = [subject for subjects in SUBJECTS.values() for subject in subjects]
    assert [subject for subject in everybodys if accepts(project, role, subject)] == SUBJECTS[role]


@pytest.mark.parametrize("role", SUBJECTS)
def test_other_repositories_branches_and_events_are_refused(project, role):
    subject = SUBJECTS[role][0]
    others = [
        subject.replace("acme@1", "acme@7"),
        subject.replace("acme@1", "emca@1"),
        subject.replace("reviews-", "reviews-2-"),
        subject.replace("@101", "@999").replace("@202", "@999"),
        subject + "x",
        subject.rpartition(":")[0] + ":ref:refs/heads/feature",
        subject.rpartition(":")[0] + ":environment:preview",
        "repo:*",
    ]
    assert [other for other in others if accepts(project, role, other)] == []


@pytest.mark.parametrize("role", ["StagingRole", "ProductionRole"])
def test_a_branch_that_names_the_environment_in_its_own_workflow_gets_no_role(project, role):
    for subject in SUBJECTS[role]:
        assert accepts(project, role, subject)
        for ref in ("refs/heads/feature", "refs/tags/main", "refs/pull/7/merge"):
            assert not accepts(project, role, subject, ref=ref), ref


@pytest.mark.parametrize("role", SUBJECTS)
def test_tokens_for_another_audience_repository_or_issuer_are_refused(project, role):
    subject = SUBJECTS[role][0]
    assert accepts(project, role, subject)
    assert not accepts(project, role, subject, audience="sigstore")
    assert not accepts(project, role, subject, repository_id="999")
    assert not accepts(project, role, subject, provider=PROVIDER.replace("githubusercontent", "example"))


@pytest.mark.parametrize("host", ["github.acme.example/_services/token", "token.actions.acme.ghe.com"])
def test_the_tokens_of_other_githubs_have_no_claim_that_sts_could_compare(project, publications, host):
    issuer = f"https://{host}"
    text = project_template(dataclasses.replace(publications.project, issuer=issuer))
    trust = type(project)(text, project.parameters).properties("StagingRole")["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Condition"] == {
        "StringEquals": {
            f"{host}:aud": "sts.amazonaws.com",
            f"{host}:sub": SUBJECTS["StagingRole"],
        }
    }


def test_nobody_gets_keys_that_last(project, publication):
    kinds = {each["Type"] for made in (project, publication) for each in made.resources.values()}
    assert not kinds & {"AWS::IAM::User", "AWS::IAM::AccessKey", "AWS::SecretsManager::Secret"}


def test_no_trust_policy_has_a_wildcard(project, publication):
    for made in (project, publication):
        for name, role in made.of_type("AWS::IAM::Role").items():
            assert "*" not in str(role["AssumeRolePolicyDocument"]), name


@pytest.mark.parametrize(
    ("role", "service"),
    [
        ("PipelineRole", "sagemaker"),
        ("PullRequestRole", "sagemaker"),
        ("EndpointRole", "sagemaker"),
        ("TrialRole", "sagemaker"),
        ("PullRequestTrialRole", "sagemaker"),
        ("DeployServiceRole", "cloudformation"),
        ("PourRole", "lambda"),
        ("DispatchRole", "lambda"),
    ],
)
def test_the_other_roles_are_for_one_service(project, role, service):
    def trusts(host, account):
        return project.trusts(role, "Service", host, "sts:AssumeRole", {"aws:SourceAccount": account})

    assert trusts(f"{service}.amazonaws.com", "123456789012")
    assert not trusts("ec2.amazonaws.com", "123456789012")
    if service == "sagemaker":
        assert not trusts(f"{service}.amazonaws.com", "999999999999")


def test_sessions_last_as_long_as_the_work_and_others_an_hour(project):
    hours = {
        name: role["MaxSessionDuration"] / 3600
        for name, role in project.of_type("AWS::IAM::Role").items()
        if "MaxSessionDuration" in role
    }
    assert hours == {"BuildPrRole": 12, "BuildRunRole": 12, "StagingRole": 6, "ProductionRole": 6}


def test_every_role_is_below_the_projects_path_and_under_the_boundary(project, publications):
    roles = project.of_type("AWS::IAM::Role")
    assert len(roles) == 14
    assert {role["Path"] for role in roles.values()} == {"/sagemaker-projects/reviews/"}
    boundary = publications.project.permissions_boundary_arn
    assert {role["PermissionsBoundary"] for role in roles.values()} == {boundary}


def test_the_launch_role_is_cloudformations_service_catalogs_and_studios(publication):
    def trusts(kind, name):
        return publication.trusts("LaunchRole", kind, name, "sts:AssumeRole", {})

    assert trusts("Service", "cloudformation.amazonaws.com")
    assert trusts("Service", "servicecatalog.amazonaws.com")
    assert trusts("AWS", "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker-ExecutionRole")
    assert not trusts("AWS", "arn:aws:iam::123456789012:role/somebody")
    assert not trusts("Service", "lambda.amazonaws.com")

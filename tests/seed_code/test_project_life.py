"""Projects of the real template with the real functions, on the embedded AWS and GitHub: what goes wrong with them.

The repositories are small ones; `tests/e2e` pours the real ones. Everything happens under the roles that the templates make.
"""

import hashlib
import io
import json
import subprocess
import time
import zipfile
from dataclasses import replace

import pytest
import requests
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from rich.console import Console

from local_aws.github import Down
from project_template import seed, stacks
from project_template.account import project, publication
from project_template.commands import create, doctor, teardown, update
from project_template.core import names
from project_template.core.blueprint import FUNCTIONS, Checkout
from project_template.core.settings import Form
from project_template.doctor.github_access import APP_PERMISSIONS
from project_template.errors import ProjectError
from project_template.stacks.publication_values import AppSignIn

pytestmark = pytest.mark.slow

QUIET = Console(quiet=True)
SEEDS = ("build.zip", "deploy-realtime-github.zip", "deploy-realtime-registry.zip")


def archive(text):
    """A repository of two files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for path, content in {
            "README.md": f"# {text}\n",
            ".github/workflows/run.yml": f"name: {text}\non: push\n",
        }.items():
            zipped.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()


def checkout(text):
    content = archive(text)
    digest = hashlib.sha256(content).hexdigest()
    return Checkout(dict.fromkeys(SEEDS, content), digest, seed.archive(FUNCTIONS), "b" * 64)


class Projects:
    """A publication of the real templates, which signs in as a GitHub App, and projects from it."""

    def __init__(self, publishing, github, server):
        self.account, self.github, self.server = publishing.account, github, server
        kms = self.account.client("kms")
        self.key = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["Arn"]
        public = load_der_public_key(kms.get_public_key(KeyId=self.key)["PublicKey"])
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        app = github.add_app(self.account.name, "acme", pem, APP_PERMISSIONS)
        github.install_app(app, "acme")
        self.publishing = publishing.asked(sign_in=AppSignIn(str(app.id), self.key))

    def publish(self, text):
        self.publishing = replace(self.publishing, checkout=checkout(text))
        return self.publishing.publish()

    def create(self, name, **parameters):
        values = {"GitHubOwner": "acme", "ProductionReviewers": "publisher"} | parameters
        return create.run(
            self.account.aws, create.Request(name, self.account.name, Form.S3, values, timeout=600), QUIET
        )

    def update(self, name):
        return update.run(self.account.aws, update.Request(name, self.account.name, {}, 600), QUIET)

    def teardown(self, name, **options):
        request = teardown.Request(name, timeout=600, **options)
        return teardown.run(
            self.account.aws, request, teardown.take_inventory(self.account.aws, request), QUIET
        )

    def repository(self, name):
        return self.github.repository(f"acme/{name}")

    def rename(self, name, new):
        """What an owner does on GitHub."""
        answer = requests.patch(
            f"{self.github.api_url}/repos/acme/{name}",
            json={"name": new},
            headers={"Authorization": f"Bearer {self.github.issue_token('publisher')}"},
            timeout=30,
        )
        assert answer.ok, answer.text

    def file(self, repository, branch, path):
        command = ["git", "-C", str(repository.git.path), "show", f"{branch}:{path}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def package(self, group):
        return self.account.client("sagemaker").create_model_package(
            ModelPackageGroupName=group,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [{"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/i:1"}]
            },
        )["ModelPackageArn"]

    def decide(self, arn, status):
        self.account.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status)

    def heard(self, name):
        """What the deploy repository of the project was told: (type, version)."""
        return [
            (each.event_type, each.client_payload["version"])
            for each in self.github.dispatches
            if each.repository == f"acme/{name}-deploy"
        ]

    def until_heard(self, name, expected):
        end = time.monotonic() + 15
        while self.heard(name) != expected and time.monotonic() < end:
            time.sleep(0.02)
        assert self.heard(name) == expected


@pytest.fixture(scope="module")
def projects(make_publishing, github, local_server):
    publishing = make_publishing(checkout=checkout("First"), synthesis=stacks)
    made = Projects(publishing, github, local_server)
    made.publish("First")
    local_server.gate.enforce = True
    yield made
    local_server.gate.enforce = False


LONGEST = "x" * names.LONGEST_PROJECT


@pytest.fixture(scope="module")
def longest(projects):
    """A project with the longest name that there may be."""
    return projects.create(LONGEST)


def test_a_project_of_32_characters_is_made_with_everything_that_is_named_after_it(projects, longest):
    derived = {each.what: each.name for each in names.derived(LONGEST, ["r"], ["s"])}
    assert [projects.repository(derived[f"{each} repository"]).git.empty for each in ("build", "deploy")] == [
        False,
        False,
    ]
    assert longest.outputs["ModelPackageGroupName"] == derived["model package group"]
    rules = projects.account.client("events").list_rules(NamePrefix=LONGEST)["Rules"]
    assert [each["Name"] for each in rules] == [derived["event rule"]]


def test_each_decision_on_the_projects_own_models_is_told_in_whatever_order_and_once(projects, longest):
    group = longest.outputs["ModelPackageGroupName"]
    first, second = projects.package(group), projects.package(group)
    told = []
    for arn, version, status in (
        (second, 2, "Approved"),
        (first, 1, "Approved"),
        (second, 2, "Rejected"),
        (second, 2, "Approved"),
    ):
        projects.decide(arn, status)
        told.append((f"model-{status.lower()}", version))
        projects.until_heard(LONGEST, told)
    # A deployment that notes itself in the registry is no decision.
    sagemaker = projects.account.client("sagemaker")
    sagemaker.update_model_package(ModelPackageArn=first, CustomerMetadataProperties={"live": "staging"})
    sagemaker.create_model_package_group(ModelPackageGroupName=f"{LONGEST}-pr-models")
    projects.decide(projects.package(f"{LONGEST}-pr-models"), "Approved")
    projects.decide(first, "Rejected")
    projects.until_heard(LONGEST, [*told, ("model-rejected", 1)])


def test_published_twice_a_project_stays_until_it_is_updated_by_a_pull_request_to_the_latest(
    projects, longest
):
    projects.publish("Second")
    projects.publish("Third")
    kinds = [projects.repository(f"{LONGEST}-{kind}") for kind in ("build", "deploy")]
    assert [dict(each.pulls) for each in kinds] == [{}, {}]
    projects.update(LONGEST)
    for each in kinds:
        [pull] = each.pulls.values()
        assert pull.state == "open"
        assert projects.file(each, pull.head, "README.md") == "# Third\n"
        assert projects.file(each, "main", "README.md") == "# First\n"


def test_repositories_that_were_renamed_are_named_by_doctor_and_fixed_by_an_update(projects, longest):
    def found():
        request = doctor.Request(projects.account.name, LONGEST)
        findings = doctor.run(projects.account.aws, request, checkout=lambda: "")
        return [(each.level.value, each.found, each.fix) for each in findings if each.check == "repositories"]

    assert [level for level, _, _ in found()] == ["OK", "OK"]
    names = {kind: f"{kind}-renamed" for kind in ("build", "deploy")}
    for kind, name in names.items():
        projects.rename(f"{LONGEST}-{kind}", name)
    said = found()
    assert [level for level, _, _ in said] == ["FAIL", "FAIL"]
    for (_, what, fix), (kind, name) in zip(said, names.items(), strict=True):
        assert f"acme/{LONGEST}-{kind} is called acme/{name} now" in what
        assert (
            f"project-template update {LONGEST} --parameter {kind.capitalize()}RepositoryName={name}" in fix
        )
    projects.update(LONGEST)
    assert [level for level, _, _ in found()] == ["OK", "OK"]
    before = len(projects.github.dispatches)
    projects.decide(projects.package(f"{LONGEST}-models"), "Approved")
    end = time.monotonic() + 15
    while len(projects.github.dispatches) == before and time.monotonic() < end:
        time.sleep(0.02)
    assert projects.github.dispatches[-1].repository == "acme/deploy-renamed"
    for kind, name in names.items():
        projects.rename(name, f"{LONGEST}-{kind}")
    projects.update(LONGEST)


def test_the_approval_of_a_deleted_projects_model_is_told_to_nobody(projects, longest):
    arn = projects.package(f"{LONGEST}-models")
    before = projects.heard(LONGEST)
    left = projects.teardown(LONGEST)
    assert left.retained.groups == (f"{LONGEST}-models",)  # the models outlive the project
    projects.decide(arn, "Approved")
    assert projects.account.client("events").list_rules(NamePrefix=LONGEST)["Rules"] == []
    assert projects.heard(LONGEST) == before
    assert [projects.repository(f"{LONGEST}-{kind}").archived for kind in ("build", "deploy")] == [True, True]


STUDIO = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["sagemaker:*Project", "sagemaker:AddTags", "s3:ListBucket"],
            "Resource": "*",
        }
    ],
}
"""So much of AmazonSageMakerFullAccess as a user of Studio works with here."""


@pytest.fixture
def studio(projects):
    """Makes a project as a user of Studio, with the users' policy or without; returns how it ended."""
    iam, name = projects.account.client("iam"), f"{projects.account.name}-studio"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="FullAccess", PolicyDocument=json.dumps(STUDIO))
    session = projects.server.account.sessions.issue(role, "ada")
    client = projects.server.account.client_of_session(session, "sagemaker")

    def create(project_name):
        published = publication.find(projects.account.aws, projects.account.name)
        values = {"GitHubOwner": "acme", "ProductionReviewers": "publisher"}
        pairs = [{"Key": key, "Value": value} for key, value in values.items()]
        provider = publication.provider(projects.account.aws, published, pairs)
        client.create_project(
            ProjectName=project_name,
            TemplateProviders=[{"CfnTemplateProvider": provider | {"RoleARN": published.launch_role_arn}}],
        )
        while (found := project.describe(projects.account.aws, project_name)).running:
            time.sleep(0.05)
        return found

    create.client, create.role = client, role
    return create


def test_a_user_of_studio_makes_and_deletes_projects_with_the_users_policy_and_not_without(projects, studio):
    with pytest.raises(ClientError, match=r"AccessDenied.*iam:PassRole on resource: .*-launch"):
        studio("not-mine")
    projects.publishing = projects.publishing.asked(principals=(studio.role,))
    projects.publishing.publish()
    assert studio("mine").status == "CreateCompleted"
    studio.client.delete_project(ProjectName="mine")
    while (found := project.describe(projects.account.aws, "mine")) is not None and found.running:
        time.sleep(0.05)
    assert found is None


def test_studio_makes_nothing_of_a_gate_that_nobody_is_at(projects):
    published = publication.find(projects.account.aws, projects.account.name)
    values = [{"Key": "GitHubOwner", "Value": "acme"}]
    provider = publication.provider(projects.account.aws, published, values)
    projects.account.client("sagemaker").create_project(
        ProjectName="ungated",
        TemplateProviders=[{"CfnTemplateProvider": provider | {"RoleARN": published.launch_role_arn}}],
    )
    while (found := project.describe(projects.account.aws, "ungated")).running:
        time.sleep(0.05)
    assert found.status == "CreateFailed"
    assert "or set ProductionGate to registry" in found.reason
    with pytest.raises(KeyError):
        projects.repository("ungated-build")


def test_what_a_creation_left_that_failed_halfway_is_taken_down(projects):
    name = "halfway"
    fault = Down(method="PUT", path=f"/{name}-deploy/environments/production$", status=422)
    projects.github.faults.add(fault)
    try:
        with pytest.raises(
            ProjectError, match=r"DeployContents .*GitHub answers 422.*ProductionGate=registry"
        ):
            projects.create(name)
    finally:
        projects.github.faults.clear()
    left = projects.teardown(name, with_data=True)
    assert not teardown.has_work(left, teardown.Request(name, with_data=True))
    roles = projects.account.client("iam").list_roles(PathPrefix=f"/sagemaker-projects/{name}/")["Roles"]
    assert roles == []
    # What had been poured already is kept, as archives.
    assert [projects.repository(f"{name}-{kind}").archived for kind in ("build", "deploy")] == [True, True]

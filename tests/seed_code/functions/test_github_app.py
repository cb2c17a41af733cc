"""Signing in as a GitHub App: KMS signs, and every token is for one repository and what it needs."""

import base64
import logging

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from dispatch.handler import Dispatch
from github import Access, AppSignIn, Deadline, Transport
from github.errors import TokenRefusedError
from project_template.doctor.github_access import APP_PERMISSIONS

APPROVAL = {
    "id": "1",
    "source": "aws.sagemaker",
    "detail-type": "SageMaker Model Package State Change",
    "time": "2026-11-21T12:00:00Z",
    "detail": {
        "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/models/2",
        "ModelApprovalStatus": "Approved",
    },
}


@pytest.fixture(scope="module")
def key(local_server):
    """A KMS key for signing: its ARN, and its public half as PEM."""
    kms = local_server.client("kms")
    arn = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    public = load_der_public_key(kms.get_public_key(KeyId=arn)["PublicKey"])
    return arn, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def app(project, key, github):
    """The project's App, which its functions sign in as; not installed yet."""
    arn, public = key
    made = github.add_app(f"pour-{project.number}", project.owner, public, APP_PERMISSIONS)
    del project.environment["GITHUB_TOKEN_SECRET_ARN"]
    project.environment |= {"GITHUB_APP_ID": str(made.id), "GITHUB_APP_KEY_ARN": arn}
    return made


@pytest.fixture
def installation(app, project, github):
    return github.install_app(app, project.owner)


def failed(project, kind="Repository"):
    properties = project.repository() if kind == "Repository" else project.contents()
    answer = project.ask(project.event(kind, "Create", properties))
    assert answer["Status"] == "FAILED"
    return answer["Reason"]


def minted(project):
    """The calls that gave a token."""
    return [path for method, path in project.calls if path.endswith("/access_tokens")]


def test_an_app_pours_a_whole_repository(project, installation):
    project.create_both()
    assert ".github/workflows/build.yml" in project.files()
    assert project.record.creator == f"pour-{project.number}[bot]"


def test_an_app_of_selected_repositories_reaches_what_it_makes(project, app, github):
    github.install_app(app, project.owner, repositories=[])
    project.create_both()
    assert not project.record.git.empty


def asked(exchanges):
    """What each token was asked for with."""
    return [each.request_body for each in exchanges if each.path.endswith("/access_tokens")]


def test_each_token_is_minted_once_and_narrow(project, installation, exchanges):
    project.create("Repository", project.repository())
    assert len(minted(project)) == 2  # one to look and make, one for the repository alone
    project.create("Contents", project.contents())
    assert len(minted(project)) == 1
    whole, one, contents = asked(exchanges)
    assert whole == {"permissions": {"metadata": "read", "administration": "write"}}
    assert one["repository_ids"] == contents["repository_ids"] == [project.record.id]
    assert one["permissions"]["contents"] == "read"
    assert contents["permissions"] == APP_PERMISSIONS


def test_a_whole_life_needs_the_permissions_that_doctor_looks_for_and_no_others(
    project, installation, exchanges
):
    assert installation.permissions == APP_PERMISSIONS  # and GitHub refuses whatever goes beyond them
    project.create_both()
    old, new = project.contents(), project.contents(project.put_seed({"README.md": "# New\n"}))
    assert project.update("Contents", old, new)["Status"] == "SUCCESS"
    settings = {"DEPLOY_REPOSITORY": project.full_name, "MODEL_PACKAGE_GROUP_NAME": "models"}
    Dispatch(project.environment | settings, project.aws.client, None, project.clock).handle(
        APPROVAL, project.context
    )
    project.delete("Repository", project.repository(), str(project.record.id))
    assert project.record.archived
    levels = ("read", "write")
    asked_for = {}
    for name, level in (each for body in asked(exchanges) for each in body["permissions"].items()):
        asked_for[name] = max(level, asked_for.get(name, "read"), key=levels.index)
    assert asked_for == APP_PERMISSIONS


def test_without_teams_nobodys_membership_is_read(project, installation, exchanges):
    project.create("Repository", project.repository())
    project.create("Contents", project.contents(Environments=[{"Name": "staging", "Reviewers": []}]))
    assert "members" not in asked(exchanges)[-1]["permissions"]


def test_the_assertion_is_signed_by_kms_and_lives_for_minutes(project, app, key):
    transport = Transport(
        project.environment["GITHUB_API_URL"], Deadline(lambda: 60_000), None, project.clock
    )
    sign_in = AppSignIn(transport, project.aws.client("kms"), str(app.id), key[0])
    _, claims, signature = sign_in.assertion().reveal().split(".")
    decoded = base64.urlsafe_b64decode(claims + "==").decode()
    now = int(project.clock.now())
    assert decoded == f'{{"iat":{now - 60},"exp":{now + 480},"iss":"{app.id}"}}'
    assert len(base64.urlsafe_b64decode(signature + "==")) == 256


def test_an_app_that_is_not_installed_is_told_how(project, app):
    reason = failed(project)
    assert f"The GitHub App {app.id} is not installed on {project.owner}" in reason
    assert "Install" in reason


def test_an_app_that_was_uninstalled_midway_is_told_too(project, app, installation, github):
    project.create("Repository", project.repository())
    github.uninstall_app(installation)
    assert "is not installed" in failed(project, "Contents")


def test_a_suspended_installation_is_named(project, installation):
    installation.suspended = True
    assert "suspended" in failed(project)


def test_permissions_that_are_missing_are_named(project, installation):
    project.create("Repository", project.repository())
    installation.permissions["contents"] = "read"
    del installation.permissions["workflows"]
    reason = failed(project, "Contents")
    assert "lacks contents: write, workflows: write" in reason
    assert "accept them" in reason


def test_a_repository_that_the_app_does_not_reach_is_refused_as_somebody_elses(project, app, github):
    github.install_app(app, project.owner, repositories=[])
    github.add_repository(project.full_name, "public", files={"theirs.txt": b"x"})
    assert "was not made by this stack" in failed(project)


def test_a_private_repository_out_of_the_apps_sight_is_refused_by_name(project, app, github):
    github.install_app(app, project.owner, repositories=[])
    github.add_repository(project.full_name, files={"theirs.txt": b"x"})
    reason = failed(project)
    assert f"{project.full_name} exists, out of sight" in reason


def test_a_repository_taken_from_the_installation_is_told_by_contents(project, app, github):
    installation = github.install_app(app, project.owner, repositories=[])
    project.create("Repository", project.repository())
    installation.repositories.clear()
    assert "does not reach the repository" in failed(project, "Contents")


def test_an_app_makes_no_repositories_for_a_user(project, app, github):
    github.install_app(app, f"robot-{project.number}")
    project.owner = f"robot-{project.number}"
    reason = failed(project)
    assert "is a user, and a GitHub App cannot create repositories for users" in reason
    assert "fine-grained token" in reason


def test_a_key_of_another_app_is_refused(project, installation, local_server):
    kms = local_server.client("kms")
    other = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    project.environment["GITHUB_APP_KEY_ARN"] = other
    assert "id and key do not belong together" in failed(project)


def test_a_key_that_is_gone_is_named(project, installation):
    project.environment["GITHUB_APP_KEY_ARN"] += "0"
    assert "NotFoundException" in failed(project)


def test_no_token_and_no_assertion_is_logged(project, installation, exchanges, caplog):
    caplog.set_level(logging.DEBUG)
    project.create_both()
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name in {"pour", "github"})
    issued = [each.response_body["token"] for each in exchanges if each.path.endswith("/access_tokens")]
    assert len(issued) == 3
    assert "access_tokens: 201" in ours
    assert not [value for value in issued if value in ours]
    assert "eyJ" not in ours  # how every assertion begins


def test_a_client_of_an_unknown_app_is_refused(project, key):
    transport = Transport(
        project.environment["GITHUB_API_URL"], Deadline(lambda: 60_000), None, project.clock
    )
    sign_in = AppSignIn(transport, project.aws.client("kms"), "999999", key[0])
    with pytest.raises(TokenRefusedError):
        sign_in.client(Access(project.owner, {"contents": "read"})).get("/user")

"""A project from publication to teardown, as those who use it go through it, each with the rights that they have.

The platform engineer publishes, creates, updates and takes down; GitHub's workflows run the commands of their steps in
clones of the two repositories, under the roles that the project gave them; somebody approves and rejects. Everything
happens on one embedded AWS and GitHub, which refuse what a role's policies do not allow.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from embedded import ORGANIZATION, REVIEWER, Embedded
from people import DATA, Account, Job, git, sentences

from project_template.stacks.roles.unexercised_permissions import UNEXERCISED

pytestmark = pytest.mark.slow

NAME = "reviews-of-cameras-and-of-phones"  # 32 characters, as long as a project's name may be
RECIPE = "amazon-sentences"
TRIAL = "trial: {kind: serverless, memory_mb: 2048, texts: 20}\n"
SUBNET = "subnet-0123456789abcdef0"
BUILD, DEPLOY = f"{ORGANIZATION}/{NAME}-build", f"{ORGANIZATION}/{NAME}-deploy"


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    embedded = Embedded(tmp_path_factory.mktemp("server"))
    yield Account.make(embedded, tmp_path_factory.mktemp("work"), NAME)
    embedded.stop()


@pytest.fixture(scope="module")
def published(account):
    return account.publish()


@pytest.fixture(scope="module")
def project(account, published):
    key = account.fill_lake()
    return account.template(
        "create", NAME, "--github-org", ORGANIZATION, "--reviewers", REVIEWER,
        "--recipe", RECIPE, "--training-data", DATA,
        "--training-data-key", key, "--watch-data", "--trial-endpoint",
        "--parameter", f"EndpointSubnets={SUBNET}",
    )  # fmt: skip


@pytest.fixture(scope="module")
def build(account, project):
    return account.clone(BUILD)


@pytest.fixture(scope="module")
def deploy(account, project):
    """The deploy repository, whose staging has a VPC."""
    folder = account.clone(DEPLOY)
    stage = folder / "stages" / "staging.yaml"
    network = f"network: {{isolation: true, subnets: [{SUBNET}], security_groups: [sg-0123456789abcdef0]}}"
    stage.write_text(stage.read_text().replace("network: {isolation: true}", network))
    assert network in stage.read_text()
    git(folder, "commit", "--quiet", "--all", "--message", "Connect staging to the VPC")
    git(folder, "push", "--quiet", "origin", "main")
    return folder


@pytest.fixture(scope="module")
def train(account, build):
    """The job of that name, on the main branch."""
    return Job(account, BUILD, build, "BUILD_RUN_ROLE_ARN", {})


@pytest.fixture(scope="module")
def attempt(account, build):
    """The job `try` of a pull request."""
    return Job(account, BUILD, build, "BUILD_PR_ROLE_ARN", {"event": "pull_request"})


@pytest.fixture(scope="module")
def staging(account, deploy):
    claims = {"environment": "staging", "event": "repository_dispatch"}
    return Job(account, DEPLOY, deploy, "STAGING_ROLE_ARN", claims)


@pytest.fixture(scope="module")
def production(account, deploy):
    claims = {"environment": "production", "event": "repository_dispatch"}
    return Job(account, DEPLOY, deploy, "PRODUCTION_ROLE_ARN", claims)


@pytest.fixture(scope="module")
def first(account, train):
    """The first model package, trained by a push, and approved."""
    arn = train.run("model-build", "run")["model_package_arn"]
    account.decide(arn, "Approved")
    return arn


@pytest.fixture(scope="module")
def live(first, staging, production):
    """The first model package in both stages."""
    for job in (staging, production):
        asked = ("--stage", job.claims["environment"], "--model-package", first)
        job.run("model-deploy", "plan", *asked)
        roll_out(first, job)
        job.run("model-deploy", "verify", *asked)
    return first


@pytest.fixture(scope="module")
def proposed(account, live, build, attempt):
    """A pull request that was tried (on an endpoint, too), told of twice, and closed: what was said and left of it."""
    git(build, "switch", "--quiet", "--create", "more-epochs")
    variables = {
        "GITHUB_API_URL": account.embedded.facts["api"],
        "GITHUB_REPOSITORY": BUILD,
        "GITHUB_TOKEN": account.embedded.facts["token"],
    }
    registered = account.packages()
    recipe = build / "recipes" / f"{RECIPE}.yaml"
    recipe.write_text(recipe.read_text().replace("epochs: 20", "epochs: 25") + TRIAL)
    git(build, "commit", "--quiet", "--all", "--message", "Train for longer")
    git(build, "push", "--quiet", "origin", "more-epochs")
    asked = {"title": "Train for longer", "head": "more-epochs", "base": "main"}
    pull = account.github("POST", f"/repos/{BUILD}/pulls", asked)
    variables["PULL_REQUEST_NUMBER"] = str(pull["number"])
    tried = attempt.run("model-build", "run", **variables)["trial"]
    done = [attempt.run("model-build", "comment", **variables)["done"] for _ in range(2)]
    attempt.run("model-build", "plan", **variables)
    attempt.run("model-build", "logs", "--step", "Prepare", **variables)
    account.github("PATCH", f"/repos/{BUILD}/pulls/{pull['number']}", {"state": "closed"})
    cleaned = attempt.run("model-build", "clean", **variables)
    comments = account.github("GET", f"/repos/{BUILD}/issues/{pull['number']}/comments")
    git(build, "switch", "--quiet", "main")
    return {
        "comments": (done, len(comments)),
        "trial": (tried["endpoint"].startswith(f"{NAME}-pr-1-trial-"), tried["differing"]),
        "registered": account.packages() - registered,
        "cleaned": (len(cleaned["pipelines"]), cleaned["objects"] > 0),
    }


@pytest.fixture(scope="module")
def second(account, live, proposed, train, staging, production):
    """Another one, of what was proposed, that was forced past the gate and is live in both stages."""
    git(train.clone, "merge", "--quiet", "--no-edit", "more-epochs")
    git(train.clone, "push", "--quiet", "origin", "main")
    train.run("model-build", "plan")
    trained = train.run("model-build", "run", "--force", "a newer one is wanted")
    assert trained["trial"]["endpoint"].startswith(f"{NAME}-trial-")
    arn = trained["model_package_arn"]
    assert train.run("model-build", "clean", "--trials")["pipelines"] == []
    train.run("model-build", "logs", "--step", "Prepare")
    account.decide(arn, "Approved")
    for job in (staging, production):
        roll_out(arn, job)
    return arn


def roll_out(arn: str, job: Job) -> None:
    stage = job.claims["environment"]
    done = job.run("model-deploy", "rollout", "--stage", stage, "--model-package", arn)
    assert done["verified"] is True


def test_publishing_again_changes_nothing(account, published):
    assert published["changed"] is True
    assert account.publish()["changed"] is False


def test_the_doctor_finds_nothing_broken_before_the_project_is_there(account, published):
    examined = account.template("doctor", "another", "--github-org", ORGANIZATION)
    assert [each for each in examined["findings"] if each["level"] == "FAIL"] == []


def test_two_repositories_are_poured_and_production_is_protected(account, project, build, deploy):
    assert project["status"] == "CreateCompleted"
    for repository, folder in ((BUILD, build), (DEPLOY, deploy)):
        assert "sagemaker-project" in account.github("GET", f"/repos/{repository}/topics")["names"]
        checks = account.github("GET", f"/repos/{repository}/branches/main/protection")
        assert checks["required_status_checks"]["contexts"] == ["test"]
        assert list((folder / "vendor").glob("local_aws-*.whl"))
    rules = account.github("GET", f"/repos/{DEPLOY}/environments/production")["protection_rules"]
    [reviewers] = [each["reviewers"] for each in rules if each["type"] == "required_reviewers"]
    assert [each["reviewer"]["login"] for each in reviewers] == [REVIEWER]


def test_a_role_is_only_for_its_own_jobs(account, project, attempt, train, staging, production):
    denied = [
        replace(train, claims={"event": "pull_request"}),
        replace(train, claims={"ref": "refs/heads/other"}),
        replace(attempt, claims={}),
        replace(staging, claims={}),
        replace(production, claims={"environment": "staging"}),
        replace(production, claims={"environment": "production", "repository_id": "1"}),
    ]
    for job in denied:
        with pytest.raises(ClientError, match="AccessDenied"):
            job.sign_in()
    with pytest.raises(ClientError, match="InvalidIdentityToken"):
        train.sign_in(audience="another.example.com")


def test_an_approval_arrives_in_the_deploy_repository(account, first):
    [[repository, kind, payload]] = account.dispatches()
    assert (repository, kind, payload["model_package_arn"]) == (DEPLOY, "model-approved", first)


def test_exactly_the_approved_model_serves_in_both_stages(account, live):
    assert {account.served(stage) for stage in ("staging", "production")} == {live}
    assert len(account.dispatches()) == 1, "showing in the registry what is live is no approval"


def test_texts_are_classified_in_a_batch(account, project, live, production):
    place = {"Bucket": project["outputs"]["ArtifactBucketName"], "Key": "batch/input/texts.jsonl"}
    texts = '{"text": "love great perfect"}\n{"text": "terrible worst problem"}\n'
    account.client("s3").put_object(**place, Body=texts.encode())
    source = "s3://{Bucket}/{Key}".format(**place)
    done = production.run("model-deploy", "batch", "--stage", "production", "--input", source)
    assert (done["texts"], done["model_package_arn"]) == (2, live)


def test_a_pull_request_is_tried_and_told_of_registers_nothing_and_leaves_nothing(proposed):
    assert proposed == {
        "comments": (["created", "unchanged"], 1),
        "trial": (True, 0),
        "registered": set(),
        "cleaned": (1, True),
    }


def test_a_rejection_of_what_is_live_brings_back_the_model_before(account, live, second, production):
    assert account.served("production") == second
    account.decide(second, "Rejected")
    assert account.dispatches()[-1][1] == "model-rejected"
    again = replace(production, claims=production.claims | {"environment": "production-rollback"})
    done = again.run("model-deploy", "reject", "--stage", "production", "--model-package", second)
    assert (done["was_live"], done["rollback"]["verified"]) == (True, True)
    assert account.served("production") == live
    history = production.run("model-deploy", "history", "--stage", "production")
    assert [each["model_package_arn"] for each in history["deployments"]] == [live, second, live]


def test_new_training_data_is_told_to_the_build_repository_once(account, second):
    told = account.add_data(
        {"reviews/sentences.tsv": sentences(), "reviews/sentences.tsv.2": "", "other": ""}
    )
    repository, kind, payload = told
    assert (repository, kind) == (BUILD, "new-data")
    assert payload["newest_object"].startswith(DATA)
    examined = account.template("doctor", NAME, "--github-org", ORGANIZATION)["findings"]
    assert [each["level"] for each in examined if each["check"] == "watched data"] == ["OK"]


def test_a_new_version_reaches_a_project_as_a_pull_request(account, build, live):
    with (account.checkout / "build" / "README.md").open("a") as readme:
        readme.write("\nA new paragraph.\n")
    assert account.publish()["changed"] is True
    (build / "NOTES.md").write_text("The team's own.\n")
    git(build, "add", "NOTES.md")
    git(build, "commit", "--quiet", "--message", "Take notes")
    git(build, "push", "--quiet", "origin", "main")
    assert account.template("update", NAME)["status"] == "UpdateCompleted"
    [proposed] = account.github("GET", f"/repos/{BUILD}/pulls?state=open")
    changed = account.github("GET", f"/repos/{BUILD}/pulls/{proposed['number']}/files")
    assert {each["filename"] for each in changed} == {".seed.json", "README.md", "SHA256SUMS"}
    assert account.github("GET", f"/repos/{DEPLOY}/pulls?state=open") == []


def test_what_the_roles_called_they_are_allowed_and_what_they_are_allowed_they_need(
    account, second, staging, production
):
    """Last, since it takes the project down: the whole life of a project is held against its policies."""
    embedded = account.embedded
    embedded.ask("remember_policies")
    assert f"{NAME}-staging" in account.template("teardown", NAME, "--yes", code=3)
    for job in (staging, production):
        job.run("model-deploy", "teardown", "--stage", job.claims["environment"], "--yes")
    gone = account.template("teardown", NAME, "--yes", "--with-data")
    assert (gone["left"], gone["kept"]) == ([], [])
    assert (
        account.client("sagemaker").describe_project(ProjectName=NAME)["ProjectStatus"] == "DeleteCompleted"
    )
    assert account.client("iam").list_roles(PathPrefix=f"/sagemaker-projects/{NAME}/")["Roles"] == []
    assert account.github("GET", f"/repos/{BUILD}")["archived"] is True
    audit = embedded.ask("audit")
    assert (audit["refused"], audit["unknown"]) == ([], [])
    never: dict[str, set[str]] = {role: set() for role in UNEXERCISED}
    for arn, _, action in audit["unused"]:
        if role := role_of_project(arn):
            never.setdefault(role, set()).add(action)
    assert never == {role: set(reasons) for role, reasons in UNEXERCISED.items()}
    # Take any statement out, and a call would have been refused.
    idle = [
        (role, statement)
        for arn, statement, actions in audit["idle"]
        if (role := role_of_project(arn)) and not set(actions) <= never[role]
    ]
    assert idle == []


def role_of_project(arn):
    """The logical id of a role, "" for one that CloudFormation acts as: what its handlers call is in tests/seed_code/stacks."""
    role = re.sub(r".*-(\w+Role)-[A-Z0-9]+$|.*", r"\1", arn)
    return "" if role == "DeployServiceRole" else role

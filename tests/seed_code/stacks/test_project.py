"""The resources of a project: what is kept, what is tagged, what hangs on what, what the repositories get."""

import dataclasses
import json
from pathlib import Path

import cfnlint
import pytest

from project_template.stacks import LARGEST_BYTES, project_template

TAGS = {"sagemaker:project-name": "reviews", "sagemaker:project-id": "p-abcdefghijkl"}
SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"


def schema(kind):
    """A type's schema in CloudFormation's registry, as cfn-lint ships it."""
    index = json.loads((SCHEMAS / "providers" / "eu-west-1.json").read_text())
    return json.loads((SCHEMAS / "resources" / f"{index[kind]}.json").read_text())


def test_two_syntheses_are_the_same_bytes(template_text, publications):
    assert project_template(publications.project) == template_text


def test_the_template_stays_within_cloudformations_limits(project, template_text):
    assert len(template_text.encode()) < LARGEST_BYTES / 2
    assert len(project.template["Parameters"]) <= 180  # CreateProject's limit; CloudFormation takes 200
    assert len(project.template["Resources"]) <= 500
    assert len(project.template["Description"]) <= 1024


def test_everything_that_takes_tags_has_the_projects(project):
    for name, each in project.resources.items():
        if each["Type"].startswith("Custom::"):
            continue
        tagging = schema(each["Type"]).get("tagging", {})
        if not tagging.get("taggable", "Tags" in schema(each["Type"])["properties"]):
            continue
        tags = {tag["Key"]: tag["Value"] for tag in each["Properties"].get("Tags", [])}
        assert tags == TAGS, name


def test_the_oidc_provider_is_the_accounts_and_has_no_projects_tags(make_project):
    made = make_project(OidcProviderArn="")
    assert "Tags" not in made.properties("OidcProvider")
    assert made.resources["OidcProvider"]["DeletionPolicy"] == "Retain"


def test_a_provider_that_is_there_is_used(project, make_project):
    assert "OidcProvider" not in project.resources
    role = project.properties("BuildPrRole")["AssumeRolePolicyDocument"]["Statement"][0]
    made = make_project(OidcProviderArn="").properties("BuildPrRole")["AssumeRolePolicyDocument"][
        "Statement"
    ][0]
    assert role["Principal"] == made["Principal"]


def test_data_models_and_the_key_that_reads_them_outlive_the_project(project):
    # What was made for a project that then could not be created goes again: see "DeletionPolicy attribute".
    kept = {
        name
        for name, each in project.resources.items()
        if each.get("DeletionPolicy") == "RetainExceptOnCreate"
    }
    assert kept == {"ArtifactBucket", "ArtifactKey", "ModelPackageGroup"}
    assert all(project.resources[name]["UpdateReplacePolicy"] == "Retain" for name in kept)


def test_the_bucket_is_closed_versioned_encrypted_and_forgets_pull_requests(project):
    bucket = project.properties("ArtifactBucket")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"].endswith("key/ArtifactKey")
    expiring = {
        each["Prefix"] for each in bucket["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in each
    }
    assert expiring == {"pr/"}
    statements = project.properties("ArtifactBucketPolicy")["PolicyDocument"]["Statement"]
    assert {each["Effect"] for each in statements} == {"Deny"}
    assert statements[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("function", ["Pour", "Dispatch"])
def test_functions_log_where_logs_are_kept_for_a_while(project, function):
    made = project.properties(f"{function}Function")
    assert made["Handler"] == f"{function.lower()}.handler.handle"
    group = project.properties(f"{function}LogGroup")
    assert made["LoggingConfig"] == {"LogGroup": f"SP-p-abcdefghijkl-{function}LogGroup"}
    assert group["LogGroupName"] == f"/sagemaker-projects/reviews/{function.lower()}"
    assert group["RetentionInDays"] > 0


def test_functions_know_how_to_sign_in_and_may_do_no_more_for_it(project, publications, make_project):
    secret = publications.project.sign_in.secret_arn
    assert project.properties("PourFunction")["Environment"]["Variables"] == {
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_TOKEN_SECRET_ARN": secret,
    }
    assert project.may("DispatchRole", "secretsmanager:GetSecretValue", secret)
    assert not project.may("DispatchRole", "secretsmanager:GetSecretValue", secret.replace("github", "other"))


def test_functions_have_time_for_githubs_limits_and_cloudformation_waits_for_a_second_attempt(project):
    pour = project.properties("PourFunction")["Timeout"]
    assert 600 <= pour <= 900
    # A secondary limit is a minute at least. Source: "Rate limits for the REST API", GitHub's documentation.
    assert project.properties("DispatchFunction")["Timeout"] > 60
    custom = [each for each in project.resources.values() if each["Type"].startswith("Custom::")]
    assert len(custom) == 4
    for each in custom:
        # The longest that CloudFormation takes is an hour.
        assert 2 * pour + 60 <= each["Properties"]["ServiceTimeout"] <= 3600


def test_an_app_signs_with_its_key_by_one_algorithm(project, publications):
    app = publications.app
    text = project_template(dataclasses.replace(publications.project, sign_in=app))
    made = type(project)(text, project.parameters)
    variables = made.properties("DispatchFunction")["Environment"]["Variables"]
    assert variables["GITHUB_APP_ID"] == "4711"
    assert variables["GITHUB_APP_KEY_ARN"] == app.key_arn
    algorithm = {"kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
    assert made.may("PourRole", "kms:Sign", app.key_arn, algorithm)
    assert not made.may("PourRole", "kms:Sign", app.key_arn, {"kms:SigningAlgorithm": "RSASSA_PSS_SHA_256"})
    assert not made.may("PourRole", "secretsmanager:GetSecretValue", publications.project.sign_in.secret_arn)


def test_the_repositories_get_the_variables_that_their_commands_read(project):
    build = project.properties("BuildContents")["Variables"]
    deploy = project.properties("DeployContents")["Variables"]
    assert set(build) - set(deploy) == {
        "BUILD_PR_ROLE_ARN",
        "BUILD_RUN_ROLE_ARN",
        "PIPELINE_ROLE_ARN",
        "PULL_REQUEST_ROLE_ARN",
        "PULL_REQUEST_TRIAL_ROLE_ARN",
        "RECIPE",
        "TRAINING_DATA",
        "TRIAL_ROLE_ARN",
    }
    assert set(deploy) - set(build) == {
        "DEPLOY_SERVICE_ROLE_ARN",
        "ENDPOINT_ROLE_ARN",
        "PERMISSIONS_BOUNDARY_ARN",
        "PRODUCTION_ROLE_ARN",
        "STAGING_ROLE_ARN",
    }
    assert all(isinstance(value, str) and value for value in (build | deploy).values())


def test_the_seed_follows_endpoint_and_gate(make_project):
    made = make_project(EndpointKind="serverless", ProductionGate="registry")
    assert made.properties("DeployContents")["Seed"]["Key"].endswith("/deploy-serverless-registry.zip")
    assert made.properties("DeployContents")["ProductionGate"] == "registry"
    assert made.properties("BuildContents")["Seed"]["Key"].endswith("/build.zip")


def test_environments_are_for_protected_branches_and_only_production_waits_for_people(project):
    environments = {each["Name"]: each for each in project.properties("DeployContents")["Environments"]}
    assert {each["ProtectedBranches"] for each in environments.values()} == {"true"}
    assert {name: each["Reviewers"] for name, each in environments.items()} == {
        "staging": [],
        "production": ["mona", "acme/release"],
        "production-rollback": [],
    }


def test_the_deploy_repositorys_contents_are_made_last_and_so_deleted_first(project):
    needed = {name: _needs(project, name) for name in project.resources}
    reached, open_ends = set(), {"DeployContents"}
    while open_ends:
        reached |= open_ends
        open_ends = {need for name in open_ends for need in needed[name]} - reached
    # Nothing names the policies of roles that may not be there, and nothing can wait for them.
    optional = {"PullRequestTrialRolePassesItself", "TrialRolePassesItself"}
    assert reached == set(project.resources) - optional
    assert project.properties("DeployContents")["GuardStacks"] == "true"
    assert project.properties("BuildContents")["GuardStacks"] == "false"


def _needs(project, name):
    stated = project.template["Resources"][name]
    depends = stated.get("DependsOn", [])
    text = json.dumps(stated.get("Properties", {}))
    named = {other for other in project.resources if f'"{other}"' in text or f"${{{other}" in text}
    return named | set([depends] if isinstance(depends, str) else depends)


def test_the_longest_project_name_fits_everywhere(make_project):
    name = "x" * 32
    made = make_project(SageMakerProjectName=name)
    assert len(made.properties("ModelApprovalRule")["Name"]) <= 64
    assert len(made.properties("ModelPackageGroup")["ModelPackageGroupName"]) <= 63
    for kind in ("Build", "Deploy"):
        assert len(made.properties(f"{kind}Repository")["Name"]) <= 100
    for role in made.of_type("AWS::IAM::Role").values():
        assert len(role["Path"]) <= 512
        assert len(role["Description"]) <= 1000
    for function in made.of_type("AWS::Lambda::Function").values():
        assert len(function["Description"]) <= 256


def test_what_the_template_makes_has_no_names_but_those_that_others_rely_on(project):
    named = {
        name
        for name, each in project.resources.items()
        for key in each["Properties"]
        if key.endswith("Name") and not each["Type"].startswith("Custom::")
    }
    # A name that is taken makes a project fail; a resource that is named cannot be replaced.
    assert named == {
        "ModelApprovalRule",
        "ModelPackageGroup",
        "NewDataRule",
        "DispatchLogGroup",
        "DispatchPermission",
        "PourLogGroup",
        "PipelineRolePassesItself",
        "PullRequestRolePassesItself",
        "RetrainLogGroup",
        "RetrainPermission",
        "ScheduleRoleInvokes",
        "PullRequestTrialRolePassesItself",
        "TrialRolePassesItself",
        "UndeliveredApprovalsAlarm",
    }

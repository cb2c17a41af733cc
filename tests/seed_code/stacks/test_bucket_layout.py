"""Who may write where in the artifact bucket: every role below prefixes of its own, and nobody where others read code."""

import pytest

from local_aws.identity.policies.policy import Policy, Request, RolePolicies, decide

BUCKET = "arn:aws:s3:::sp-p-abcdefghijkl-artifactbucket-1a2b3c"
TEMPLATES = "arn:aws:s3:::text-classification-123456789012-eu-west-1"

WRITERS = {
    "code/build/abc/evaluate.py": {"BuildRunRole"},
    "contracts/abc/text_rules.py": {"BuildRunRole"},
    "data/abc/data": {"BuildRunRole"},
    "runs/x/report/report.html": {"BuildRunRole", "PipelineRole"},
    "runs/x/evaluate/evaluation/evaluation.json": {"PipelineRole"},
    "runs/x/trial/evaluation/evaluation.json": {"PipelineRole", "TrialRole"},
    "pr/7/runs/x/trial/evaluation/evaluation.json": {
        "BuildPrRole",
        "PullRequestRole",
        "PullRequestTrialRole",
    },
    "models/x/output/model.tar.gz": {"PipelineRole"},
    "models/contracts/abc/text_rules.py": {"PipelineRole"},
    "pr/7/code/build/abc/evaluate.py": {"BuildPrRole", "PullRequestRole"},
    "code/deploy/staging/abc/api.zip": {"StagingRole"},
    "code/deploy/production/abc/api.zip": {"ProductionRole"},
    "deploy/staging/models/abc/model.tar.gz": {"StagingRole"},
    "deploy/production/models/abc/model.tar.gz": {"ProductionRole"},
    "deploy/staging/rollouts/abc/tolerated.json": {"StagingRole"},
    "deploy/production/rollouts/abc/tolerated.json": {"ProductionRole"},
    "deployments/staging/x.json": {"StagingRole"},
    "deployments/production/x.json": {"ProductionRole"},
    "batch/staging/input/abc/texts.jsonl": {"StagingRole"},
    "batch/staging/answers/abc.jsonl": {"StagingRole"},
    "batch/production/input/abc/texts.jsonl": {"ProductionRole"},
    "batch/production/output/abc/texts.jsonl.out": {"EndpointRole"},
    "datacapture/production/x.jsonl": {"EndpointRole"},
    "code/abc/api.zip": set(),
    "elsewhere": set(),
}
"""By key: the roles that may write it. `models/contracts/` is where contracts lay before; their hash is checked."""

ROLES = (
    "BuildPrRole",
    "BuildRunRole",
    "DeployServiceRole",
    "EndpointRole",
    "PipelineRole",
    "ProductionRole",
    "PullRequestRole",
    "PullRequestTrialRole",
    "StagingRole",
    "TrialRole",
)


@pytest.mark.parametrize("key", WRITERS)
def test_only_its_own_role_writes_a_prefix(project, key):
    writers = {role for role in ROLES if project.may(role, "s3:PutObject", f"{BUCKET}/{key}")}
    assert writers == WRITERS[key]


@pytest.mark.parametrize("key", [key for key in WRITERS if not key.startswith("pr/")])
def test_nobody_deletes_what_is_kept(project, key):
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutBucketVersioning"):
        assert not [role for role in ROLES if project.may(role, action, f"{BUCKET}/{key}")], action


NAMED_BY_HASH = [
    ("project", "ArtifactBucketPolicy", f"{BUCKET}/{key}")
    for key in WRITERS
    if key.startswith(("code/", "contracts/", "pr/7/code/")) or "/models/abc/" in key
] + [
    ("publication", "TemplateBucketPolicy", f"{TEMPLATES}/{key}")
    for key in ("functions/abc.zip", "seeds/abc/build.zip", "versions/abc.yaml")
]


@pytest.mark.parametrize(("template", "policy", "key"), NAMED_BY_HASH)
def test_nobody_writes_over_what_is_named_by_its_hash(request, template, policy, key):
    made = request.getfixturevalue(template)
    document = made.properties(policy)["PolicyDocument"]
    assert [refused(document, key, precondition, whole) for precondition, whole in POSSIBLE] == [
        True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "key", ["runs/x/output/model.tar.gz", "data/reviews.csv", "deploy/production/rollouts/abc/tolerated.json"]
)
def test_what_is_not_named_by_its_hash_needs_no_precondition(project, key):
    document = project.properties("ArtifactBucketPolicy")["PolicyDocument"]
    assert not refused(document, f"{BUCKET}/{key}", None, "true")


POSSIBLE = [(None, "true"), ("*", "true"), (None, "false")]
"""If-None-Match, and whether the request makes an object: an upload with and without it, and a part of one."""


def refused(document, key, precondition, whole):
    keys = {"s3:ObjectCreationOperation": (whole,), "aws:SecureTransport": ("true",)}
    keys |= {"s3:if-none-match": (precondition,)} if precondition else {}
    anything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    policies = RolePolicies((Policy.parse("bucket", document), Policy.parse("writer", anything)))
    return not decide(Request.make("s3:PutObject", key, keys), policies).allowed


def test_no_pipeline_reads_what_a_pull_request_could_write(project):
    for role in ("PipelineRole", "BuildRunRole", "StagingRole", "ProductionRole", "EndpointRole"):
        assert not project.may(role, "s3:GetObject", f"{BUCKET}/pr/7/code/build/abc/evaluate.py"), role


def test_cloudformation_reads_the_version_of_an_archive_that_it_was_given(project):
    key = f"{BUCKET}/code/deploy/staging/abc/api.zip"
    for action in ("s3:GetObject", "s3:GetObjectVersion"):
        assert project.may("DeployServiceRole", action, key)
        assert not project.may("DeployServiceRole", action, f"{BUCKET}/code/build/abc/evaluate.py")


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_a_stage_reads_no_other_stages_code_or_models(project, stage):
    other = {"staging": "production", "production": "staging"}[stage]
    role = f"{stage.capitalize()}Role"
    for key in (f"code/deploy/{stage}/abc/api.zip", f"deploy/{stage}/models/abc/model.tar.gz"):
        assert project.may(role, "s3:GetObject", f"{BUCKET}/{key}")
        assert not project.may(role, "s3:GetObject", f"{BUCKET}/{key.replace(stage, other)}")
    assert project.may(role, "s3:GetObject", f"{BUCKET}/deployments/{other}/x.json")


@pytest.mark.parametrize("stage", ["Staging", "Production"])
@pytest.mark.parametrize(
    "changed",
    [
        {"sagemaker:CustomerMetadataProperties/model-sha256": "f" * 64},
        {"sagemaker:CustomerMetadataProperties/contract": "s3://elsewhere/"},
        {"sagemaker:CustomerMetadataPropertiesToRemove": "model-sha256"},
    ],
)
def test_a_stage_shows_what_is_live_and_changes_no_packages_identity(project, stage, changed):
    package = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/reviews-models/1"
    shown = {"sagemaker:ModelLifeCycle:Stage": stage, "sagemaker:ModelLifeCycle:StageStatus": "Live"}
    assert project.may(f"{stage}Role", "sagemaker:UpdateModelPackage", package, shown)
    assert not project.may(f"{stage}Role", "sagemaker:UpdateModelPackage", package, shown | changed)
    assert not project.may("PipelineRole", "sagemaker:UpdateModelPackage", package, changed)

"""Who may write where in the artifact bucket: every role below prefixes of its own, and nobody where others read code."""

import pytest

BUCKET = "arn:aws:s3:::sp-p-abcdefghijkl-artifactbucket-1a2b3c"

WRITERS = {
    "code/build/abc/evaluate.py": {"BuildRunRole"},
    "contracts/abc/text_rules.py": {"BuildRunRole"},
    "data/abc/data": {"BuildRunRole"},
    "runs/x/report/report.html": {"BuildRunRole", "PipelineRole"},
    "runs/x/evaluate/evaluation/evaluation.json": {"PipelineRole"},
    "models/x/output/model.tar.gz": {"PipelineRole"},
    "models/contracts/abc/text_rules.py": {"PipelineRole"},
    "pr/7/code/build/abc/evaluate.py": {"BuildPrRole", "PullRequestRole"},
    "deployments/staging/x.json": {"StagingRole"},
    "deployments/production/x.json": {"ProductionRole"},
    "datacapture/production/x.jsonl": {"EndpointRole"},
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
    "StagingRole",
)


@pytest.mark.parametrize("key", WRITERS)
def test_only_its_own_role_writes_a_prefix(project, key):
    writers = {role for role in ROLES if project.may(role, "s3:PutObject", f"{BUCKET}/{key}")}
    assert writers == WRITERS[key]


@pytest.mark.parametrize("key", [key for key in WRITERS if not key.startswith("pr/")])
def test_nobody_deletes_what_is_kept(project, key):
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutBucketVersioning"):
        assert not [role for role in ROLES if project.may(role, action, f"{BUCKET}/{key}")], action


def test_no_pipeline_reads_what_a_pull_request_could_write(project):
    for role in ("PipelineRole", "BuildRunRole", "StagingRole", "ProductionRole", "EndpointRole"):
        assert not project.may(role, "s3:GetObject", f"{BUCKET}/pr/7/code/build/abc/evaluate.py"), role

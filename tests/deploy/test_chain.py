"""From the registered package to the endpoint: what was approved is what runs, whoever writes to the bucket meanwhile."""

import hashlib
import json

import pytest

from model_common.aws import objects
from model_deploy import stacks
from model_deploy.aws import artifact

EVIL_RULES = b"""
import os, pathlib
pathlib.Path("%s").write_text(str(dict(os.environ)))
def tokenise(text, rules):
    return text
"""


@pytest.fixture
def s3(project):
    return project.client("s3")


def package(project, arn):
    return project.client("sagemaker").describe_model_package(ModelPackageName=arn)


def artifact_key(project, arn):
    uri = package(project, arn)["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    return uri.removeprefix(f"s3://{project.bucket}/")


def contract_prefix(project, arn):
    uri = package(project, arn)["CustomerMetadataProperties"]["contract"]
    return uri.removeprefix(f"s3://{project.bucket}/")


def overwrite(project, arn, model="nonsense"):
    """What the pipeline's role can do: write another artifact to the place of a registered one."""
    key = artifact_key(project, arn)
    project.client("s3").put_object(Bucket=project.bucket, Key=key, Body=project.models[model])
    return key


def rollout(project, stage, arn, *more, code=0):
    return project.json("rollout", "--stage", stage, "--model-package", arn, *more, code=code)


def refused(project, *arguments, code=3):
    result = project.run(*arguments)
    assert result.exit_code == code, result.stderr
    return " ".join(result.stderr.split())


def test_the_endpoint_serves_the_stages_own_copy_of_the_registered_bytes(project, models):
    arn, sha256 = project.register(), hashlib.sha256(models["good"]).hexdigest()
    for stage in ("staging", "production"):
        rollout(project, stage, arn)
        key = f"deploy/{stage}/models/{sha256}/model.tar.gz"
        container = project.container(stage)
        assert container["ModelDataUrl"] == f"s3://{project.bucket}/{key}"
        assert container["Environment"]["MODEL_PACKAGE_ARN"] == arn
        assert (
            project.client("s3").get_object(Bucket=project.bucket, Key=key)["Body"].read() == models["good"]
        )
        [record] = project.records(stage)
        assert record["model_sha256"] == sha256
        assert record["model_version"] == package(project, arn)["CustomerMetadataProperties"]["model-version"]


def test_a_package_whose_artifact_was_changed_is_refused_by_name_in_every_stage(project):
    arn = project.register()
    rollout(project, "staging", arn)
    key = overwrite(project, arn)
    for stage, command in (("production", "plan"), ("production", "rollout"), ("staging", "rollout")):
        said = refused(project, command, "--stage", stage, "--model-package", arn)
        assert f"Its artifact s3://{project.bucket}/{key} was changed after it was registered" in said
    assert project.live_package("staging") == arn
    # What serves is not touched by it.
    assert project.json("verify", "--stage", "staging")["verified"] is True


def test_an_artifact_that_is_changed_while_it_is_copied_is_refused(project, monkeypatch):
    arn = project.register()
    identify = artifact.identify

    def identify_then_overwritten(*arguments, **more):
        found = identify(*arguments, **more)
        overwrite(project, arn)
        return found

    monkeypatch.setattr(artifact, "identify", identify_then_overwritten)
    said = refused(project, "rollout", "--stage", "staging", "--model-package", arn)
    assert "was changed after its model package was registered: its SHA-256 is" in said
    assert project.client("s3").list_objects_v2(Bucket=project.bucket, Prefix="deploy/")["KeyCount"] == 0


def test_a_rollback_needs_nothing_but_the_stages_own_copy(project, s3):
    good, bad = project.register(), project.register()
    for arn in (good, bad):
        rollout(project, "staging", arn)
    overwrite(project, good)
    s3.delete_object(Bucket=project.bucket, Key=artifact_key(project, good))
    assert project.json("rollback", "--stage", "staging")["model_package_arn"] == good
    assert project.live_package("staging") == good


def test_something_else_in_the_copys_place_is_never_served(project, models, s3):
    arn, sha256 = project.register(), hashlib.sha256(models["good"]).hexdigest()
    key = f"deploy/staging/models/{sha256}/model.tar.gz"
    s3.put_object(Bucket=project.bucket, Key=key, Body=models["nonsense"])
    said = refused(project, "rollout", "--stage", "staging", "--model-package", arn)
    assert f"s3://{project.bucket}/{key} holds other content than its name says" in said
    assert not project.records("staging")


def test_verify_sees_that_the_copy_which_instances_fetch_was_changed(project, models, s3):
    arn = project.register()
    rollout(project, "staging", arn)
    key = project.container("staging")["ModelDataUrl"].removeprefix(f"s3://{project.bucket}/")
    s3.put_object(Bucket=project.bucket, Key=key, Body=models["nonsense"])
    findings = project.json("verify", "--stage", "staging", code=3)["findings"]
    [found] = [each for each in findings if each["case"] == "serves the registered artifact"]
    assert "holds other content than its name says" in found["failure"]


def test_production_does_not_take_other_bytes_than_staging_verified(project, models):
    arn = project.register()
    rollout(project, "staging", arn)
    key = artifact_key(project, arn)
    stored = project.client("s3").put_object(Bucket=project.bucket, Key=key, Body=models["nonsense"])
    # As far as an attacker could get: the registry says the new bytes, too.
    project.client("sagemaker").update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={
            "model-sha256": hashlib.sha256(models["nonsense"]).hexdigest(),
            "model-version": stored["VersionId"],
        },
    )
    for more in ((), ("--force", "never mind")):
        said = refused(project, "rollout", "--stage", "production", "--model-package", arn, *more)
        assert "It is not what was verified in staging: the artifact's SHA-256 is" in said


@pytest.fixture
def overwritten(project, s3, monkeypatch):
    """Overwrites an object as soon as it is stored: maps the end of its key to what comes in its place."""
    put, others = objects.put, {}

    def put_and_overwrite(client, bucket, key, content):
        stored = put(client, bucket, key, content)
        for end in [each for each in others if key.endswith(each)]:
            s3.put_object(Bucket=bucket, Key=key, Body=others.pop(end))
        return stored

    monkeypatch.setattr(objects, "put", put_and_overwrite)
    return others


def test_the_api_runs_the_version_of_its_archive_that_was_stored(project, overwritten):
    stage = project.root / "stages" / "staging.yaml"
    stage.write_text(stage.read_text() + "\napi: {kind: function_url}")
    overwritten["/api.zip"] = b"not what was stored"
    rollout(project, "staging", project.register())
    assert not overwritten  # it was overwritten before CloudFormation read it
    template = project.client("cloudformation").get_template(StackName=project.stack("staging"))
    code = template["TemplateBody"]["Resources"]["ApiFunction"]["Properties"]["Code"]
    body = project.client("s3").get_object(
        Bucket=code["S3Bucket"], Key=code["S3Key"], VersionId=code["S3ObjectVersion"]
    )["Body"]
    assert hashlib.sha256(body.read()).hexdigest() in code["S3Key"]


def test_cloudformation_reads_the_version_of_a_large_template_that_was_stored(
    project, overwritten, monkeypatch
):
    monkeypatch.setattr(stacks, "LARGEST_BYTES", 1)
    overwritten["/template.json"] = json.dumps({"Resources": {"Other": {"Type": "AWS::SQS::Queue"}}}).encode()
    arn = project.register()
    rollout(project, "staging", arn)
    assert not overwritten  # it was overwritten before CloudFormation read it
    assert project.live_package("staging") == arn


OLD = {"model-sha256": None, "model-version": None}


def test_a_package_of_before_hashes_were_recorded_is_known_by_what_staging_found(project, models):
    arn = project.register(metadata=OLD)
    rollout(project, "staging", arn)
    [record] = project.records("staging")
    assert record["model_sha256"] == hashlib.sha256(models["good"]).hexdigest()
    assert rollout(project, "production", arn)["verified"] is True


def test_an_old_package_whose_artifact_was_written_later_is_refused(project, s3):
    arn = project.register(metadata=OLD)
    found = package(project, arn)["CreationTime"]
    while True:
        overwrite(project, arn)
        head = s3.head_object(Bucket=project.bucket, Key=artifact_key(project, arn))
        if head["LastModified"] > found:  # S3 tells whole seconds
            break
    said = refused(project, "rollout", "--stage", "staging", "--model-package", arn)
    assert "was changed after it was registered: it was written" in said


@pytest.mark.parametrize("name", ["text_rules.py", "contract.json"])
def test_nothing_of_a_changed_contract_runs_in_any_command(project, s3, tmp_path, name):
    arn = project.register()
    rollout(project, "staging", arn)
    owned = tmp_path / "owned"
    content = EVIL_RULES % str(owned).encode() if name == "text_rules.py" else b"{}"
    s3.put_object(Bucket=project.bucket, Key=f"{contract_prefix(project, arn)}{name}", Body=content)
    s3.put_object(Bucket=project.bucket, Key="texts.jsonl", Body=json.dumps({"text": "lovely"}).encode())
    for arguments in (
        ("verify", "--stage", "staging"),
        ("batch", "--stage", "staging", "--input", f"s3://{project.bucket}/texts.jsonl"),
        ("plan", "--stage", "staging", "--model-package", arn),
        ("rollout", "--stage", "staging", "--model-package", arn),
        ("rollout", "--stage", "production", "--model-package", arn),
    ):
        assert "was changed since it was registered" in refused(project, *arguments)
    assert not owned.exists()
    # What is replaced may be broken: a good version still gets there, and its probes judge by its own contract.
    better = project.register()
    assert rollout(project, "staging", better)["verified"] is True
    assert not owned.exists()


def test_registered_rules_that_attack_find_no_credentials(project, s3, tmp_path):
    """Even rules that were registered so: they run where there is nothing to take, and the rollout says so."""
    arn = project.register()
    owned = tmp_path / "owned"
    prefix = contract_prefix(project, arn)
    evil = EVIL_RULES % str(owned).encode()
    s3.put_object(Bucket=project.bucket, Key=f"{prefix}text_rules.py", Body=evil)
    described = s3.get_object(Bucket=project.bucket, Key=f"{prefix}contract.json")["Body"].read()
    files = {"contract.json": described, "text_rules.py": evil}
    lines = "".join(f"{each}\0{hashlib.sha256(files[each]).hexdigest()}\n" for each in sorted(files))
    project.client("sagemaker").update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"contract-sha256": hashlib.sha256(lines.encode()).hexdigest()},
    )
    said = refused(project, "rollout", "--stage", "staging", "--model-package", arn)
    assert "text rules open no file" in said
    assert not owned.exists()

"""`project-template publish` against the embedded AWS: bucket, stack, archives, tags; again, interrupted, and refused."""

import json

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from model_common.aws.errors import explain
from model_common.cli.progress import Progress
from model_common.deadline import Deadline
from model_common.errors import IntegrityError
from project_template.account import publication
from project_template.aws.clients import bucket_exists
from project_template.aws.waiting import Watch
from project_template.cli.options import ADVICE
from project_template.commands import publish
from project_template.errors import RefusedError, RolledBackError, StackError, TimedOutError, UsageError

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)


def test_everything_that_studio_needs_is_there_after_one_run(publishing):
    account = publishing.account
    domain = account.add_domain()
    made = publishing.asked(domains=(domain,)).publish()
    s3, name = account.client("s3"), account.name
    assert set(publishing.keys()) == {
        f"functions/{publishing.checkout.functions_sha256}.zip",
        f"seeds/{publishing.checkout.seeds_sha256}/build.zip",
        f"templates/{name}.yaml",
        f"versions/{made.blueprint.record['template_sha256']}.yaml",
        "publication.json",
    }
    tags = s3.get_object_tagging(Bucket=account.bucket, Key=f"templates/{name}.yaml")["TagSet"]
    assert tags == [{"Key": "sagemaker:studio-visibility", "Value": "true"}]
    location = f"s3://{account.bucket}/templates/"
    assert account.domain_tags(domain) == {"sagemaker:projectS3TemplatesLocation": location}
    found = publication.find(account.aws, name)
    assert found.launch_role_arn.endswith(f":role/{name}-eu-west-1-launch")
    assert found.record["version"] == made.blueprint.version
    assert found.stack.tags == {"project-template:publication": name}


def test_the_template_is_the_last_thing_that_studio_gets_to_see(publishing):
    steps = [str(step) for step in publishing.plan().steps]
    listed = next(i for i, step in enumerate(steps) if "/templates/" in step)
    assert steps[0].startswith("create the stack")
    assert all("/seeds/" not in step and "/functions/" not in step for step in steps[listed:])


def test_a_dry_run_changes_nothing_and_prints_every_step(publishing):
    made = publishing.plan()
    said = "\n".join(publish.lines(made, dry_run=True))
    assert "create the stack" in said
    assert "Add     Bucket AWS::S3::Bucket" in said
    assert f"upload s3://{publishing.account.bucket}/publication.json" in said
    with pytest.raises(ClientError):
        publishing.account.client("s3").head_bucket(Bucket=publishing.account.bucket)
    assert publishing.plan().steps == made.steps


def test_a_second_run_changes_nothing_and_says_so(publishing):
    publishing.publish()
    before = publishing.keys()
    again = publishing.publish()
    assert again.steps == []
    assert publishing.keys() == before
    assert publish.lines(again, dry_run=False)[-1] == "Nothing changes: this version is published already."
    assert publish.document(again, dry_run=False)["changed"] is False


@pytest.mark.parametrize("content", [b"evil", b""])
def test_an_archive_with_other_content_is_refused_before_anything_is_changed(publishing, content):
    first = publishing.publish()
    s3, bucket = publishing.account.client("s3"), publishing.account.bucket
    archive = first.blueprint.wanted.archives[0]
    s3.put_object(Bucket=bucket, Key=archive.key, Body=content, Metadata={"sha256": archive.sha256})
    before = publishing.keys()
    with pytest.raises(IntegrityError) as refused:
        publishing.publish()
    assert f"s3://{bucket}/{archive.key} holds other content" in refused.value.message
    assert archive.sha256 in refused.value.message
    assert publishing.keys() == before


def test_a_new_version_leaves_what_earlier_projects_were_made_from(publishing):
    first = publishing.publish()
    second = publishing.with_seed(b"another seed").publish()
    assert first.blueprint.version != second.blueprint.version
    keys = publishing.keys()
    assert [key for key in keys if key.startswith("seeds/")] == sorted(
        f"seeds/{each}/build.zip" for each in ("a" * 64, second.blueprint.record["seeds_sha256"])
    )
    assert len([key for key in keys if key.startswith("versions/")]) == 2
    assert keys[f"templates/{publishing.account.name}.yaml"] == 2
    assert not any("stack" in str(step) for step in second.steps)


def test_a_tag_that_somebody_took_away_comes_back_without_a_new_template(publishing):
    publishing.publish()
    bucket, key = publishing.account.bucket, f"templates/{publishing.account.name}.yaml"
    publishing.account.client("s3").delete_object_tagging(Bucket=bucket, Key=key)
    again = publishing.publish()
    assert [str(step) for step in again.steps] == [
        f"tag s3://{bucket}/{key} with sagemaker:studio-visibility=true"
    ]
    assert publishing.keys()[key] == 1


@pytest.mark.parametrize("reached", range(1, 6))
def test_an_interrupted_run_is_taken_up_by_the_next(publishing, reached):
    steps = publishing.plan().steps
    assert len(steps) == 6
    aws, progress = publishing.account.aws, Progress(Console(quiet=True))
    publication.execute(aws, steps[:reached], {}, Watch(aws, progress, Deadline(30)), progress)
    rest = publishing.publish()
    assert rest.steps == steps[reached:]
    assert publishing.publish().steps == []


def test_a_stack_that_could_not_be_made_names_the_resource_and_is_made_anew(publishing):
    taken = f"{publishing.account.name}-taken"
    publishing.account.client("iam").create_role(RoleName=taken, AssumeRolePolicyDocument=TRUST)
    publishing.templates.broken = taken
    with pytest.raises(StackError, match=r"Broken \(AWS::IAM::Role\): .*already exists"):
        publishing.publish()
    assert any("CREATE_FAILED" in line and "Broken" in line for line in publishing.said)
    publishing.templates.broken = ""
    again = publishing.publish()
    assert str(again.steps[0]).startswith("delete the stack")
    assert publishing.publish().steps == []


def test_an_update_that_fails_goes_back_and_says_so(publishing):
    publishing.publish()
    taken = f"{publishing.account.name}-taken"
    publishing.account.client("iam").create_role(RoleName=taken, AssumeRolePolicyDocument=TRUST)
    publishing.templates.broken = taken
    with pytest.raises(RolledBackError, match="Broken") as refused:
        publishing.publish()
    assert refused.value.exit_code == 4
    assert (
        publication.find(publishing.account.aws, publishing.account.name).stack.status
        == "UPDATE_ROLLBACK_COMPLETE"
    )


def test_a_bucket_of_somebody_else_is_left_alone(publishing):
    publishing.account.client("s3").create_bucket(
        Bucket=publishing.account.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    with pytest.raises(RefusedError, match="is not of the stack"):
        publishing.publish()


def test_a_bucket_that_is_gone_is_named_with_the_way_out(publishing):
    publishing.publish()
    s3, bucket = publishing.account.client("s3"), publishing.account.bucket
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page["Versions"]:
            s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=bucket)
    with pytest.raises(RefusedError, match="another --bucket"):
        publishing.publish()
    other = publishing.asked(bucket=f"{publishing.account.name}-other")
    other.publish()
    assert other.publish().steps == []


def test_a_domain_that_shows_other_templates_is_not_taken_over_silently(publishing):
    account = publishing.account
    domain = account.add_domain()
    account.point_domain(domain, "s3://theirs/")
    wanted = publishing.asked(domains=(domain,))
    with pytest.raises(RefusedError, match="s3://theirs/"):
        wanted.publish()
    with pytest.raises(ClientError):
        account.client("s3").head_bucket(Bucket=account.bucket)
    wanted.asked(take_domain=True).publish()
    location = account.domain_tags(domain)["sagemaker:projectS3TemplatesLocation"]
    assert location == f"s3://{account.bucket}/templates/"


def test_a_domain_that_is_not_there_is_named_before_anything_is_made(publishing):
    with pytest.raises(UsageError, match="no Studio domain d-nowhere"):
        publishing.asked(domains=("d-nowhere",)).publish()
    assert not bucket_exists(publishing.account.aws, publishing.account.bucket)


def test_a_run_that_takes_too_long_says_how_to_go_on(publishing):
    with pytest.raises(TimedOutError, match="longer --timeout"):
        publishing.publish(timeout=0.001)
    publishing.publish()
    assert publishing.publish().steps == []


def test_an_account_that_has_the_provider_keeps_it_and_one_that_has_none_gets_one(publishing):
    publishing.plan()
    iam = publishing.account.client("iam")
    there = [each["Arn"] for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    issuer = "https://github.example.com/_services/token"
    wanted = publishing.asked(issuer=issuer, github_api_url="https://github.example.com/api/v3")
    arn = "arn:aws:iam::123456789012:oidc-provider/github.example.com/_services/token"
    assert arn not in there
    wanted.plan()
    assert publishing.templates.publications[-1].oidc_provider_arn == arn
    made = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    try:
        assert made["OpenIDConnectProviderArn"] == arn
        assert publication.oidc_provider(publishing.account.aws, issuer) == arn
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def test_who_may_not_publish_is_told_what_is_missing(publishing, local_server):
    role = publishing.account.client("iam").create_role(
        RoleName=f"{publishing.account.name}-reader", AssumeRolePolicyDocument=TRUST
    )["Role"]["Arn"]
    local_server.gate.enforce = True
    try:
        environment = local_server.account.credentials_of(role)
        publishing.account.credentials = {
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
            "aws_session_token": environment.get("AWS_SESSION_TOKEN", ""),
        }
        publishing.account._clients.clear()
        with pytest.raises(ClientError) as denied:
            publishing.publish()
    finally:
        local_server.gate.enforce = False
    explained = explain(denied.value, ADVICE)
    assert explained is not None
    assert "needs that permission" in explained.message

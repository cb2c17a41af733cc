"""Tags of whoever publishes are on everything, and S3 logs who uses the buckets where that is asked for."""

import dataclasses

import pytest

from project_template.core.settings import check_tags
from project_template.errors import UsageError
from project_template.stacks import project_template, publication_template

TAGS = (("cost-centre", "4711"), ("owner", "ada@example.com"))


@pytest.fixture(scope="module")
def made(publications, project, publication):
    """A project and a publication with tags and access logs."""
    asked = {"tags": TAGS, "access_log_bucket": "the-logs"}
    kind = type(project)
    return (
        kind(project_template(dataclasses.replace(publications.project, **asked)), project.parameters),
        kind(publication_template(dataclasses.replace(publications.settings, **asked))),
    )


def tagged(made):
    """The tags of every resource that has some, by logical id."""
    found = {}
    for name, each in made.resources.items():
        tags = each["Properties"].get("Tags")
        if isinstance(tags, list):
            found[name] = {tag["Key"]: tag["Value"] for tag in tags}
        elif isinstance(tags, dict):
            found[name] = tags
    return found


def test_everything_that_takes_tags_has_them(made, project):
    for each in made:
        found = tagged(each)
        assert len(found) >= 3
        assert {name for name, tags in found.items() if not dict(TAGS).items() <= tags.items()} == set()
    assert tagged(project).keys() <= tagged(made[0]).keys()


def test_both_buckets_log_to_the_bucket_that_is_named(made, project, publication):
    for each, name, prefix in (
        (made[0], "ArtifactBucket", "reviews/"),
        (made[1], "TemplateBucket", "text-classification/"),
    ):
        logging = each.properties(name)["LoggingConfiguration"]
        assert logging == {"DestinationBucketName": "the-logs", "LogFilePrefix": prefix}
    assert "LoggingConfiguration" not in project.properties("ArtifactBucket")
    assert "LoggingConfiguration" not in publication.properties("TemplateBucket")


def test_the_launch_role_may_switch_access_logs_on(publication):
    assert publication.may("LaunchRole", "s3:PutBucketLogging", "arn:aws:s3:::sp-p-abc-artifactbucket-x")


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"aws:x": "1"}, "'aws:x'"),
        ({"sagemaker:project-name": "other"}, "not beginning with aws: or sagemaker:"),
        ({"x" * 129: "1"}, "up to 128"),
        ({"team": "a" * 257}, "--tag team is"),
        ({"team": "a;b"}, "'a;b'"),
        ({f"t{number}": "1" for number in range(41)}, "40 tags at most"),
    ],
)
def test_tags_that_aws_does_not_take_are_refused_by_name(tags, said):
    with pytest.raises(UsageError) as refused:
        check_tags(tags)
    assert said in refused.value.message


def test_ordinary_tags_are_taken():
    check_tags(dict(TAGS) | {"Kostenstelle": "", "a/b": "x y_z.1:2=3+4-5@6"})

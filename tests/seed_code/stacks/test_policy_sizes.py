"""Policies stay within IAM's quotas, also with the longest names that there may be.

Source: "IAM and AWS STS quotas", IAM user guide. White space is not counted.
"""

import json

import pytest

INLINE, MANAGED, TRUST = 10_240, 6_144, 2_048
NAME = "x" * 32
LONGEST = {
    "SageMakerProjectName": NAME,
    "SageMakerProjectId": "p-abcdefghijkl",
    "GitHubOwner": "o" * 39,
    "RegisterApproved": "yes",
    "PublicApi": "yes",
    "TrialEndpoint": "yes",
    "EndpointSubnets": ",".join(f"subnet-{number:017x}" for number in range(16)),
    "TrainingDataKey": "arn:aws-us-gov:kms:ap-southeast-1:123456789012:key/mrk-" + "a" * 32,
    "TrainingData": "s3://" + "b" * 63 + "/" + "k" * 512,
}
STACKS = {"SP": "SP-p-abcdefghijkl", "SC": "SC-123456789012-pp-abcdefghijklm"}


def size(document):
    return len(json.dumps(document, separators=(",", ":")))


@pytest.fixture(params=[*STACKS])
def longest(request, make_project):
    """A project with the longest names, in the S3 form and in the Service Catalog form."""
    return make_project(
        stack=STACKS[request.param],
        region="ap-southeast-1",
        partition="aws-us-gov",
        full_names=True,
        **LONGEST,
    )


def test_the_policies_of_every_role_fit_into_what_iam_takes_inline(longest):
    sizes = {
        role: sum(map(size, longest.documents(role).values())) for role in longest.of_type("AWS::IAM::Role")
    }
    assert len(sizes) > 8
    assert {role: found for role, found in sizes.items() if found > INLINE} == {}


def test_the_trust_policies_fit(longest, publication):
    for made in (longest, publication):
        sizes = {
            role: size(each["AssumeRolePolicyDocument"])
            for role, each in made.of_type("AWS::IAM::Role").items()
        }
        assert {role: found for role, found in sizes.items() if found > TRUST} == {}


def test_the_publications_policies_fit(publication):
    assert sum(map(size, publication.documents("LaunchRole").values())) <= INLINE
    for name, each in publication.of_type("AWS::IAM::ManagedPolicy").items():
        assert size(each["PolicyDocument"]) <= MANAGED, name

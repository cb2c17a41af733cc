import re

import pytest
from botocore.exceptions import ClientError

LOCATION = "sagemaker:projectS3TemplatesLocation"


@pytest.fixture
def sagemaker(aws):
    return aws.client("sagemaker")


@pytest.fixture
def domain(aws, sagemaker):
    """A domain, as it is answered to its creation."""
    made = sagemaker.create_domain(
        DomainName=aws.name,
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": aws.role_arn},
        SubnetIds=["subnet-1"],
        VpcId="vpc-1",
        Tags=[{"Key": "team", "Value": "reviews"}],
    )
    yield made
    sagemaker.delete_domain(DomainId=made["DomainId"])


def test_a_domain_is_described_and_listed_as_it_was_created(aws, sagemaker, domain):
    assert re.fullmatch("d-[a-z0-9]{12}", domain["DomainId"])
    described = sagemaker.describe_domain(DomainId=domain["DomainId"])
    assert (described["DomainName"], described["AuthMode"]) == (aws.name, "IAM")
    assert (described["Status"], described["Url"]) == ("InService", domain["Url"])
    assert described["DefaultUserSettings"] == {"ExecutionRole": aws.role_arn}
    [listed] = sagemaker.list_domains()["Domains"]
    assert (listed["DomainArn"], listed["DomainName"]) == (domain["DomainArn"], aws.name)


def test_a_domains_tags_say_where_its_project_templates_are(sagemaker, domain):
    def tags():
        return {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}

    arn = domain["DomainArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": LOCATION, "Value": "s3://bucket/templates/"}])
    assert tags() == {"team": "reviews", LOCATION: "s3://bucket/templates/"}
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=[LOCATION])
    assert tags() == {"team": "reviews"}


def test_a_domain_that_is_gone_is_named(aws, sagemaker):
    for call in (sagemaker.describe_domain, sagemaker.delete_domain):
        with pytest.raises(ClientError, match=r"Domain \[d-nowhere\] does not exist") as error:
            call(DomainId="d-nowhere")
        assert error.value.response["Error"]["Code"] == "ResourceNotFound"
    with pytest.raises(ClientError, match='Could not find domain "arn:'):
        sagemaker.list_tags(ResourceArn=f"arn:aws:sagemaker:{aws.region}:123456789012:domain/d-nowhere")

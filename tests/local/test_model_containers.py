"""Models by the forms of their artifact that SageMaker takes, and containers that are refused by name."""

import pytest
from botocore.exceptions import ClientError

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"


@pytest.fixture
def create(aws, bucket):
    bucket.put("model.tar.gz", b"x")

    def create(name="m", containers=None, **container):
        primary = {"Image": IMAGE, **container}
        stated = {"Containers": containers} if containers else {"PrimaryContainer": primary}
        return aws.client("sagemaker").create_model(
            ModelName=f"{aws.bucket}-{name}", ExecutionRoleArn=aws.role_arn, **stated
        )

    return create


@pytest.mark.parametrize(
    "form",
    [
        "s3://{bucket}/model.tar.gz",
        "https://{bucket}.s3.eu-west-1.amazonaws.com/model.tar.gz",
        "https://s3.eu-west-1.amazonaws.com/{bucket}/model.tar.gz",
    ],
)
def test_an_artifact_is_found_by_its_uri_and_by_its_address(aws, create, form):
    create(ModelDataUrl=form.format(bucket=aws.bucket))


def test_an_address_of_no_object_is_refused(aws, create):
    url = f"https://{aws.bucket}.s3.eu-west-1.amazonaws.com/absent.tar.gz"
    with pytest.raises(ClientError, match="Could not find model data at https://"):
        create(ModelDataUrl=url)


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ({"Mode": "MultiModel"}, "Mode MultiModel is not embedded"),
        ({"MultiModelConfig": {"ModelCacheSetting": "Enabled"}}, "MultiModelConfig is not embedded"),
    ],
)
def test_a_container_that_is_not_embedded_is_refused_by_name(create, container, said):
    with pytest.raises(ClientError, match=said):
        create(**container)


def test_an_uncompressed_artifact_is_refused_by_name(aws, create):
    source = {
        "S3Uri": f"s3://{aws.bucket}/",
        "S3DataType": "S3Prefix",
        "CompressionType": "None",
    }
    with pytest.raises(ClientError, match="S3DataType S3Prefix and CompressionType None is not embedded"):
        create(ModelDataSource={"S3DataSource": source})


def test_several_containers_are_refused_by_name(create):
    with pytest.raises(ClientError, match="hosts models of one container; this one has 2"):
        create(containers=[{"Image": IMAGE}, {"Image": IMAGE}])

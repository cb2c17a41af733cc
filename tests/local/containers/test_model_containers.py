"""Models by the forms of their artifact that SageMaker takes, and containers that are refused by name."""

import pytest
from botocore.exceptions import ClientError

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"


@pytest.fixture
def create(aws, bucket):
    bucket.put("model.tar.gz", b"x")

    def create(**container):
        return aws.client("sagemaker").create_model(
            ModelName=f"{aws.bucket}-m",
            ExecutionRoleArn=aws.role_arn,
            PrimaryContainer={"Image": IMAGE, **container},
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


def test_an_uncompressed_artifact_is_not_deployed_and_says_so(aws, bucket, create):
    bucket.put("folder/model.bin", b"x")
    source = {"S3Uri": f"s3://{aws.bucket}/folder/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    create(ModelDataSource={"S3DataSource": source})
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": f"{aws.bucket}-m",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    with pytest.raises(
        ClientError, match="S3DataType S3Prefix and CompressionType None, which is not embedded"
    ):
        aws.client("sagemaker").create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])

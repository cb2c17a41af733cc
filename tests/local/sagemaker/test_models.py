import pytest
from botocore.exceptions import ClientError

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"


@pytest.fixture
def artifact(aws):
    aws.client("s3").put_object(Bucket=aws.bucket, Key="models/model.tar.gz", Body=b"model")
    return f"s3://{aws.bucket}/models/model.tar.gz"


@pytest.fixture
def create(aws, artifact):
    """Create a model by name; returns its ARN."""

    def create(name, **request):
        request = {"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": artifact}} | request
        return aws.client("sagemaker").create_model(
            ModelName=f"{aws.name}-{name}", ExecutionRoleArn=aws.role_arn, **request
        )["ModelArn"]

    return create


def refusal(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_model_is_described_as_it_was_created(aws, artifact, create):
    arn = create("first", EnableNetworkIsolation=True)
    described = aws.client("sagemaker").describe_model(ModelName=f"{aws.name}-first")
    assert arn == f"arn:aws:sagemaker:{aws.region}:123456789012:model/{aws.name}-first"
    assert described["ModelArn"] == arn
    assert described["PrimaryContainer"] == {"Image": IMAGE, "ModelDataUrl": artifact}
    assert described["ExecutionRoleArn"] == aws.role_arn
    assert described["EnableNetworkIsolation"] is True
    assert described["CreationTime"].tzinfo is not None


def test_a_name_is_taken_once(aws, create):
    arn = create("twice")
    assert refusal(create, name="twice") == (
        "ValidationException",
        f'Cannot create already existing model "{arn}".',
    )


def test_an_artifact_that_is_not_there_fails_the_creation(aws, create):
    missing = f"s3://{aws.bucket}/models/nothing.tar.gz"
    code, message = refusal(create, name="hollow", PrimaryContainer={"Image": IMAGE, "ModelDataUrl": missing})
    assert (code, message) == ("ValidationException", f"Could not find model data at {missing}.")
    listed = aws.client("sagemaker").list_models(NameContains=f"{aws.name}-hollow")["Models"]
    assert listed == []


@pytest.mark.parametrize(
    "uri", ["s3://no-such-bucket-anywhere/model.tar.gz", "https://example.org/model.tar.gz"]
)
def test_an_artifact_outside_any_bucket_fails_the_creation(create, uri):
    _, message = refusal(create, name="outside", PrimaryContainer={"Image": IMAGE, "ModelDataUrl": uri})
    assert message == f"Could not find model data at {uri}."


def test_an_uncompressed_artifact_is_a_prefix_with_objects(aws, create, artifact):
    def source(prefix):
        place = {"S3Uri": f"s3://{aws.bucket}/{prefix}", "S3DataType": "S3Prefix", "CompressionType": "None"}
        return {"Image": IMAGE, "ModelDataSource": {"S3DataSource": place}}

    create("folder", PrimaryContainer=source("models/"))
    _, message = refusal(create, name="empty-folder", PrimaryContainer=source("nothing/"))
    assert message == f"Could not find model data at s3://{aws.bucket}/nothing/."


def test_every_container_of_an_inference_pipeline_is_checked(aws, artifact):
    containers = [
        {"Image": IMAGE, "ModelDataUrl": artifact},
        {"Image": IMAGE, "ModelDataUrl": f"{artifact}.old"},
    ]
    _, message = refusal(
        aws.client("sagemaker").create_model,
        ModelName="pair",
        Containers=containers,
        ExecutionRoleArn=aws.role_arn,
    )
    assert message == f"Could not find model data at {artifact}.old."


@pytest.mark.parametrize(
    "containers",
    [
        {},
        {"PrimaryContainer": {"Image": IMAGE}, "Containers": [{"Image": IMAGE}]},
        {"PrimaryContainer": {}},
        {"PrimaryContainer": {"Image": IMAGE, "ModelPackageName": "package"}},
    ],
    ids=["none", "both", "neither-image-nor-package", "image-and-package"],
)
def test_a_model_says_in_exactly_one_way_what_it_is_made_of(aws, containers):
    create = aws.client("sagemaker").create_model
    code, message = refusal(create, ModelName="unclear", ExecutionRoleArn=aws.role_arn, **containers)
    assert code == "ValidationException"
    assert message.startswith("Exactly one of ")


def test_a_model_can_be_made_from_a_registered_package(aws, artifact, create):
    specification = {"Containers": [{"Image": IMAGE, "ModelDataUrl": artifact}]}
    package = aws.client("sagemaker").create_model_package(
        ModelPackageGroupName=aws.group, InferenceSpecification=specification
    )["ModelPackageArn"]
    create("from-package", PrimaryContainer={"ModelPackageName": package})
    described = aws.client("sagemaker").describe_model(ModelName=f"{aws.name}-from-package")
    assert described["PrimaryContainer"] == {"ModelPackageName": package}


def test_a_model_cannot_be_made_from_a_package_that_does_not_exist(create):
    code, message = refusal(create, name="none", PrimaryContainer={"ModelPackageName": "no-such-package"})
    assert code == "ValidationException"
    assert message.endswith(":model-package/no-such-package does not exist.")


def test_models_are_listed_newest_first_in_pages(aws, create):
    for name in ("one", "two", "three"):
        create(name)
    pages = list(
        aws.client("sagemaker")
        .get_paginator("list_models")
        .paginate(NameContains=aws.name, PaginationConfig={"PageSize": 2})
    )
    listed = [[model["ModelName"].rpartition("-")[2] for model in page["Models"]] for page in pages]
    assert listed == [["three", "two"], ["one"]]


def test_a_deleted_model_is_gone_with_its_tags_and_its_name_is_free(aws, create):
    sagemaker, name = aws.client("sagemaker"), f"{aws.name}-short"
    arn = create("short", Tags=[{"Key": "stage", "Value": "test"}])
    sagemaker.delete_model(ModelName=name)
    gone = ("ValidationException", f'Could not find model "{arn}".')
    assert refusal(sagemaker.describe_model, ModelName=name) == gone
    assert refusal(sagemaker.delete_model, ModelName=name) == gone
    assert refusal(sagemaker.list_tags, ResourceArn=arn) == gone
    assert create("short") == arn
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []

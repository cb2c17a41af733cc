"""A package's artifact: still the registered one, or refused with what was found, what was expected and what to do."""

import base64
import hashlib
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import ANY

from model_deploy.aws import artifact
from model_deploy.core.model_package.artifact import Artifact
from model_deploy.core.model_package.package import Container, Package
from model_deploy.errors import RefusedError

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
BODY = b"a model"
SHA256 = hashlib.sha256(BODY).hexdigest()
OTHER = "b" * 64
URI = "s3://shop/models/7/model.tar.gz"
ORIGINAL = {"Bucket": "shop", "Key": "models/7/model.tar.gz"}
COPY = {"Bucket": "shop", "Key": f"deploy/staging/models/{SHA256}/model.tar.gz", "ChecksumMode": "ENABLED"}
PACKAGE = Package(
    arn="arn:7",
    group="shop-models",
    version=7,
    approval="Approved",
    metadata={"model-sha256": SHA256, "model-version": "v1"},
    created=NOON,
    container=Container("image:1", URI),
)
OLD = replace(PACKAGE, metadata={})
"""A package of before hashes and versions were recorded."""


def identified(clients, package=PACKAGE, known=None, returning=False):
    return artifact.identify(clients, "shop", "staging", package, known, returning=returning)


def head(version="v1", written=NOON):
    return {"VersionId": version, "LastModified": written, "ContentLength": len(BODY)}


def body(content=BODY):
    return {"Body": StreamingBody(io.BytesIO(content), len(content))}


def copied(content=BODY):
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return {"ChecksumSHA256": checksum, "ChecksumType": "FULL_OBJECT", "ContentLength": len(content)}


def refusal(call):
    with pytest.raises(RefusedError) as refused:
        call()
    return refused.value.message


def test_the_registered_object_is_known_by_its_version_and_not_read(clients, stub):
    stub("s3").add_response("head_object", head(), ORIGINAL)
    assert identified(clients) == Artifact(URI, SHA256, "v1")


def test_another_version_of_the_object_is_shown_with_the_registered_one(clients, stub):
    stub("s3").add_response("head_object", head("v2"), ORIGINAL)
    assert refusal(lambda: identified(clients)) == (
        f"Its artifact {URI} was changed after it was registered: the object's version is v2, the package says v1. Find out who "
        "wrote there; restore that version, or register the model again."
    )


@pytest.mark.parametrize("seconds", [-3600, 0])
def test_an_old_packages_artifact_is_taken_if_it_is_not_younger_and_is_read_for_its_hash(
    clients, stub, seconds
):
    s3 = stub("s3")
    s3.add_response("head_object", head(written=NOON + timedelta(seconds=seconds)), ORIGINAL)
    s3.add_response("get_object", body(), ORIGINAL)
    assert identified(clients, OLD) == Artifact(URI, SHA256, "v1")


def test_an_old_packages_artifact_that_is_younger_is_refused_with_both_times(clients, stub):
    stub("s3").add_response("head_object", head(written=NOON + timedelta(seconds=1)), ORIGINAL)
    said = refusal(lambda: identified(clients, OLD))
    assert "it was written 2026-11-01 12:00:01, the package is of 2026-11-01 12:00:00" in said


def test_a_hash_of_an_earlier_deployment_is_taken_for_an_old_package(clients, stub):
    stub("s3").add_response("head_object", head(), ORIGINAL)
    assert identified(clients, OLD, known=OTHER).sha256 == OTHER


def test_the_packages_own_hash_comes_first(clients, stub):
    stub("s3").add_response("head_object", head(), ORIGINAL)
    assert identified(clients, known=OTHER).sha256 == SHA256


@pytest.mark.parametrize("package", [PACKAGE, OLD], ids=["with a hash", "without"])
def test_an_artifact_that_was_deleted_is_named_with_what_to_do(clients, stub, package):
    stub("s3").add_client_error("head_object", "404", "Not Found", 404)
    expected = f"Its artifact {URI} is not there any more. Restore the object, or register the model again."
    assert refusal(lambda: identified(clients, package)) == expected


def test_an_artifact_that_may_not_be_described_is_an_error_of_aws(clients, stub):
    stub("s3").add_client_error("head_object", "403", "Forbidden", 403)
    with pytest.raises(ClientError, match="403"):
        identified(clients)


def test_a_rollback_needs_the_stages_copy_alone(clients, stub):
    stub("s3").add_response("head_object", copied(), COPY)
    assert identified(clients, returning=True) == Artifact(URI, SHA256, "v1")


def test_a_rollback_whose_copy_is_gone_looks_at_the_original(clients, stub):
    s3 = stub("s3")
    s3.add_client_error("head_object", "404", "Not Found", 404, expected_params=COPY)
    s3.add_response("head_object", head(), ORIGINAL)
    assert identified(clients, returning=True).sha256 == SHA256


def test_a_package_without_one_container_has_no_artifact(clients):
    said = refusal(lambda: identified(clients, replace(PACKAGE, container=None)))
    assert said == "It is not one container with one artifact. Register the model with `model-build run`."


@pytest.mark.parametrize(
    "uri", ["models/7/model.tar.gz", "s3://shop", "s3://shop/", "s3:///model.tar.gz", "https://shop/x", ""]
)
def test_what_is_no_place_in_s3_is_shown(clients, uri):
    package = replace(PACKAGE, container=Container("image:1", uri))
    said = refusal(lambda: identified(clients, package))
    assert said == f"The package names {uri!r} as its artifact; expected s3://BUCKET/KEY."


# The stage's copy

WANTED = Artifact(URI, SHA256, "v1")


def test_a_copy_that_is_there_is_not_made_again(clients, stub):
    stub("s3").add_response("head_object", copied(), COPY)
    assert artifact.copy(clients, "shop", "staging", WANTED) is False


def test_a_copy_is_made_of_the_registered_bytes(clients, stub):
    s3 = stub("s3")
    s3.add_client_error("head_object", "404", "Not Found", 404, expected_params=COPY)
    s3.add_response("get_object", body(), ORIGINAL)
    s3.add_client_error("head_object", "404", "Not Found", 404, expected_params=COPY)
    written = {"Bucket": "shop", "Key": COPY["Key"], "Body": ANY, "IfNoneMatch": "*"}
    s3.add_response(
        "put_object", {"VersionId": "c1"}, written | {"ChecksumSHA256": copied()["ChecksumSHA256"]}
    )
    assert artifact.copy(clients, "shop", "staging", WANTED) is True


def test_other_bytes_are_not_copied_and_both_hashes_are_shown(clients, stub):
    s3 = stub("s3")
    s3.add_client_error("head_object", "404", "Not Found", 404)
    s3.add_response("get_object", body(b"another model"), ORIGINAL)
    said = refusal(lambda: artifact.copy(clients, "shop", "staging", WANTED))
    found = hashlib.sha256(b"another model").hexdigest()
    assert f"its SHA-256 is {found}, the package says {SHA256}" in said


def test_an_original_that_is_gone_cannot_be_copied(clients, stub):
    s3 = stub("s3")
    s3.add_client_error("head_object", "404", "Not Found", 404)
    s3.add_client_error("get_object", "NoSuchKey", "no", 404)
    assert "is not there any more" in refusal(lambda: artifact.copy(clients, "shop", "staging", WANTED))


def test_an_original_that_may_not_be_read_is_an_error_of_aws(clients, stub):
    s3 = stub("s3")
    s3.add_client_error("head_object", "404", "Not Found", 404)
    s3.add_client_error("get_object", "AccessDenied", "no", 403)
    with pytest.raises(ClientError, match="AccessDenied"):
        artifact.copy(clients, "shop", "staging", WANTED)


def test_another_object_under_the_copys_name_is_found_out(clients, stub):
    stub("s3").add_response("head_object", copied(b"something else"), COPY)
    said = refusal(lambda: artifact.copy(clients, "shop", "staging", WANTED))
    assert f"s3://shop/{COPY['Key']} holds other content than its name says" in said

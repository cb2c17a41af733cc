"""The wheels that a job brings along: pinned, cached, verified, and the same for every machine."""

import hashlib
import os
import sys

import pytest

from model_build.aws import wheels
from model_build.aws.wheels import TARGETS, Target, Wheels
from model_build.errors import UsageError, WheelError

LINUX = Target("3.9", "manylinux_2_28_x86_64")
CONTENT = b"not really a wheel, but with a hash"
PINNED = f"fasttext-community==0.11.9 --hash=sha256:{hashlib.sha256(CONTENT).hexdigest()}\n".encode()


@pytest.fixture
def one():
    """The wheels of a single target."""
    return Wheels(PINNED, (LINUX,))


def cached(cache, made, content=CONTENT):
    folder = cache / made.sha256 / "cp39-manylinux_2_28_x86_64"
    folder.mkdir(parents=True)
    path = folder / "fasttext_community-0.11.9-cp39-cp39-manylinux_2_28_x86_64.whl"
    path.write_bytes(content)
    return path


@pytest.fixture
def no_index(monkeypatch, tmp_path):
    """pip reaches nothing, and says so at once."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return tmp_path


def test_the_interpreter_of_the_image_on_aws_is_served_first(repository):
    assert TARGETS[:2] == tuple(Target(python, "manylinux_2_28_x86_64") for python in ("3.9", "3.10"))
    assert len(wheels.load(repository / "steps").pinned) >= len(TARGETS)


def test_this_interpreter_is_served_where_the_embedded_aws_may_run():
    assert f"3.{sys.version_info.minor}" in {target.python for target in TARGETS}


def test_the_prefix_depends_on_pins_and_targets_only(one):
    assert one.prefix == Wheels(PINNED, (LINUX,)).prefix
    assert one.prefix != Wheels(PINNED + b"# other", (LINUX,)).prefix
    assert one.prefix != Wheels(PINNED, TARGETS).prefix


def test_requirements_without_a_hash_are_refused(tmp_path):
    (tmp_path / "fasttext-requirements.txt").write_text("fasttext-community==0.11.9\n")
    with pytest.raises(UsageError, match="pins no hash"):
        wheels.load(tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        wheels.load(tmp_path / "elsewhere")


def test_a_cached_wheel_needs_no_index(one, no_index):
    path = cached(no_index, one)
    assert wheels.fetch(one, no_index) == [path]


def test_a_damaged_wheel_in_the_cache_is_not_used(one, no_index):
    cached(no_index, one, CONTENT[:-1])
    with pytest.raises(WheelError):
        wheels.fetch(one, no_index)


def test_without_index_and_cache_the_message_says_what_to_do(one, no_index):
    with pytest.raises(WheelError) as caught:
        wheels.fetch(one, no_index)
    message = caught.value.message
    assert "cp39-manylinux_2_28_x86_64 could not be downloaded" in message
    assert "No matching distribution found for fasttext-community==0.11.9" in message
    assert "copy that folder from a machine that has it; XDG_CACHE_HOME" in message
    assert str(no_index / one.sha256) in message


def test_the_cache_follows_xdg():
    assert str(wheels.cache_folder({"XDG_CACHE_HOME": "/tmp/c"})) == "/tmp/c/sagemaker-model-build/wheels"
    assert wheels.cache_folder({}).parts[-3:] == (".cache", "sagemaker-model-build", "wheels")


def test_wheels_are_uploaded_with_their_requirements(aws, one, no_index):
    s3, path = aws.client("s3"), cached(no_index, one)
    assert wheels.are_uploaded(s3, aws.bucket, one) is False
    wheels.upload(s3, aws.bucket, one, no_index)
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=aws.bucket, Prefix=one.prefix)["Contents"]]
    assert keys == [f"{one.prefix}{path.name}", f"{one.prefix}requirements.txt"]
    assert wheels.are_uploaded(s3, aws.bucket, one) is True


def test_an_upload_that_was_cut_off_does_not_count(aws, one, no_index):
    s3, path = aws.client("s3"), cached(no_index, one)
    s3.put_object(Bucket=aws.bucket, Key=f"{one.prefix}{path.name}", Body=CONTENT)
    assert wheels.are_uploaded(s3, aws.bucket, one) is False


def test_the_libraries_of_a_transformer_are_fetched_for_the_image_and_for_this_interpreter(repository):
    libraries = wheels.load_for_transformer(repository / "steps")
    assert [str(target) for target in libraries.targets] == ["cp312-manylinux_2_28_x86_64"]
    assert libraries.here
    # The place does not depend on the machine that a definition is built on.
    assert libraries.prefix == Wheels(libraries.requirements, libraries.targets).prefix


def test_a_wheel_that_is_missing_among_several_is_fetched_again(no_index):
    several = Wheels(PINNED + PINNED.replace(b"fasttext-community", b"other"), (LINUX,))
    cached(no_index, several)
    with pytest.raises(WheelError, match="could not be downloaded"):
        wheels.fetch(several, no_index)

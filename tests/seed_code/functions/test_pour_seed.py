import hashlib
import io
import subprocess
import zipfile

import pytest

from pour.errors import SeedError
from pour.files import seed as seeds
from pour.files.seed import STAMP, digest_in, fetch, stamp, unpack

FILES = {
    "README.md": "# Hello\r\n",
    "bin/run": "#!/bin/sh\n",
    ".github/workflows/build.yml": "name: build\n",
    "vendor/a.whl": b"PK\x00\xff",
}


def test_the_files_keep_their_bytes_and_modes(archive):
    seed = unpack(archive(FILES, executable=["bin/run"]), "s3://b/k")
    assert {file.path: (file.content, file.mode) for file in seed.files if file.path != STAMP} == {
        "README.md": (b"# Hello\r\n", "100644"),
        "bin/run": (b"#!/bin/sh\n", "100755"),
        ".github/workflows/build.yml": (b"name: build\n", "100644"),
        "vendor/a.whl": (b"PK\x00\xff", "100644"),
    }


def test_workflows_and_the_stamp_come_last(archive):
    seed = unpack(archive(FILES), "s3://b/k")
    assert {file.path for file in set(seed.files) - set(seed.first)} == {STAMP, ".github/workflows/build.yml"}


def test_the_seed_is_named_by_its_archive(archive):
    body = archive(FILES)
    seed = unpack(body, "s3://b/k")
    assert seed.digest == hashlib.sha256(body).hexdigest()
    assert (seed.branch, seed.tag) == (f"seed/{seed.digest[:12]}", f"seed-{seed.digest[:12]}")
    assert digest_in(stamp(seed.digest).content) == seed.digest


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"archive": 7}', b"\xff"])
def test_a_stamp_that_is_none_names_no_seed(content):
    assert digest_in(content) == ""


@pytest.mark.parametrize("content", [b"", b"plain", b"\0\xff" * 1000, "ü\n".encode()])
def test_content_has_the_name_that_git_gives_it(content):
    given = subprocess.run(
        ["git", "hash-object", "--stdin"], input=content, capture_output=True, check=True
    ).stdout.decode()
    assert seeds.SeedFile("x", content, False).sha == given.strip()


def test_only_what_json_carries_unchanged_is_text():
    texts = [seeds.SeedFile("x", content, False).text for content in (b"a\r\n", b"\xff", b"a\0b")]
    assert texts == ["a\r\n", None, None]


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", ".git/config", "a//b", STAMP])
def test_an_archive_that_writes_elsewhere_is_refused(path, archive):
    with pytest.raises(SeedError, match="s3://b/k"):
        unpack(archive({"README.md": "x", path: "x"}), "s3://b/k")


def test_what_is_no_archive_is_refused(archive):
    with pytest.raises(SeedError, match="no zip"):
        unpack(b"<Error>AccessDenied</Error>", "s3://b/k")
    with pytest.raises(SeedError, match="empty"):
        unpack(archive({}), "s3://b/k")


def test_a_path_twice_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            zipped.writestr("a", "2")
    with pytest.raises(SeedError, match="two are the same"):
        unpack(buffer.getvalue(), "s3://b/k")


def test_a_seed_is_fetched_from_s3(aws, archive):
    s3 = aws.client("s3")
    s3.put_object(Bucket=aws.bucket, Key="seeds/build.zip", Body=archive(FILES))
    assert len(fetch(s3, aws.bucket, "seeds/build.zip").files) == 5


def test_a_seed_that_is_not_there_says_how_to_get_it_there(aws):
    s3 = aws.client("s3")
    with pytest.raises(
        SeedError, match=r"seeds/none.zip cannot be read \(NoSuchKey\).*project-template publish"
    ):
        fetch(s3, aws.bucket, "seeds/none.zip")
    with pytest.raises(SeedError, match="NoSuchBucket"):
        fetch(s3, "no-such-bucket-here", "seeds/none.zip")

import hashlib
import io
import subprocess
import zipfile

import pytest
from botocore.exceptions import EndpointConnectionError

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
    with pytest.raises(SeedError, match="not a zip"):
        unpack(b"<Error>AccessDenied</Error>", "s3://b/k")
    with pytest.raises(SeedError, match="empty"):
        unpack(archive({}), "s3://b/k")


COMPRESSIONS = {
    "stored": zipfile.ZIP_STORED,
    "deflated": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_an_archive_that_is_damaged_anywhere_is_a_seed_or_refused_by_its_place(compression):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", COMPRESSIONS[compression]) as zipped:
        for path, content in FILES.items():
            zipped.writestr(path, content)
    whole, refused = buffer.getvalue(), 0
    for position in range(0, len(whole), 3):
        for flipped in (0xFF, 0x01):  # every bit; the one that says "encrypted"
            damaged = bytearray(whole)
            damaged[position] ^= flipped
            try:
                unpack(bytes(damaged), "s3://b/k")
            except SeedError as error:
                assert "s3://b/k" in str(error)
                refused += 1
    assert refused > len(whole) / 3


@pytest.mark.parametrize("part", [0, 0.5, 0.99])
def test_an_archive_that_was_cut_off_is_refused(archive, part):
    whole = archive(FILES)
    with pytest.raises(SeedError, match=r"s3://b/k is not a zip file that can be read"):
        unpack(whole[: int(len(whole) * part)], "s3://b/k")


@pytest.mark.parametrize(
    "path", ["a/./b", "./a", "a/", "a\\b", "C:\\x", "a/.git/hooks/x", "..", "a/..", "//x"]
)
def test_a_path_that_means_another_one_is_refused(path, archive):
    body = archive({"README.md": "x", path: "x"})
    if path.endswith("/"):  # zip's way to write a folder, which git has none of
        assert [file.path for file in unpack(body, "s3://b/k").first] == ["README.md"]
        return
    with pytest.raises(SeedError, match="paths that no repository can have"):
        unpack(body, "s3://b/k")


@pytest.mark.parametrize("path", ["ü/漢.md", "a b", ".gitignore", ".github/x", "a..b", "..a", "x" * 255])
def test_unusual_names_are_kept(path, archive):
    assert path in {file.path for file in unpack(archive({path: "x"}), "s3://b/k").files}


class Unreachable:
    def get_object(self, **_):
        raise EndpointConnectionError(endpoint_url="https://s3.invalid")


def test_an_s3_that_gives_no_answer_is_told_apart_from_a_seed_that_is_not_there():
    with pytest.raises(
        SeedError, match=r"S3 gives no answer about s3://b/k \(EndpointConnectionError\)\. Try again"
    ):
        fetch(Unreachable(), "b", "k")


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

"""Files beside their manifest: what doctor says of a seed's archive, of a clone, and of a release's files."""

import io
import zipfile

import pytest

from project_template import manifest
from project_template.doctor import folder

FILES = {"README.md": b"read me", "a/b.py": b"print()"}
LISTED = manifest.of(FILES)


def archive(files, sums=LISTED, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as zipped:
        for path, content in files.items():
            zipped.writestr(path, content)
        if sums is not None:
            zipped.writestr(manifest.NAME, sums)
    return buffer.getvalue()


def told(content):
    return list(folder.archive("s3://b/build.zip", content))


def test_a_seed_as_its_manifest_says_has_no_difference():
    assert told(archive(FILES)) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (archive(FILES | {"README.md": b"Read me"}), ["s3://b/build.zip: README.md differs"]),
        (archive({"README.md": b"read me"}), ["s3://b/build.zip: a/b.py is missing"]),
        (archive(FILES | {"x": b""}), ["s3://b/build.zip: x was added"]),
        (archive({"x": b""}), [f"s3://b/build.zip: {each}" for each in ("README.md is missing", "a/b.py is missing", "x was added")]),
        (archive(FILES, sums=""), [f"s3://b/build.zip: {each} was added" for each in ("README.md", "a/b.py")]),
        (archive(FILES, sums="nonsense\n"), ["s3://b/build.zip: SHA256SUMS: line 1 is 'nonsense'; expected a SHA-256, two spaces and a path"]),
        (archive(FILES, sums=b"\xff\xfe"), ["s3://b/build.zip: SHA256SUMS: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"]),
    ],
)  # fmt: skip
def test_each_difference_is_a_sentence_with_the_archive_and_the_file(content, said):
    assert told(content) == said


def test_an_archive_without_a_manifest_may_be_older_or_robbed():
    [said] = told(archive(FILES, sums=None))
    assert (
        said
        == "s3://b/build.zip has no SHA256SUMS: it is of before there were manifests, or somebody took it out"
    )


@pytest.mark.parametrize("content", [b"", b"PK", b"<Error/>", archive(FILES)[:-20]])
def test_what_is_no_archive_is_said_to_be_none(content):
    [said] = told(content)
    assert said.startswith("s3://b/build.zip is not an archive of a seed: ")


@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_whatever_is_damaged_is_a_difference_and_never_an_error_of_ours(compression):
    whole = archive(FILES, compression=compression)
    differing = 0
    for position in range(0, len(whole), 3):
        for flipped in (0xFF, 0x01):  # every bit; the one that says "encrypted"
            damaged = bytearray(whole)
            damaged[position] ^= flipped
            differing += bool(told(bytes(damaged)))
    assert differing > len(whole) / 3


@pytest.fixture
def clone(tmp_path):
    """Writes a folder with a manifest of `files`; `changes` are made afterwards, None takes a file away."""

    def write(files=FILES, is_clone=True, **changes):
        for path, content in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
        (tmp_path / manifest.NAME).write_text(manifest.of(files))
        for path, content in changes.items():
            (tmp_path / path).write_bytes(content)
        if is_clone:
            (tmp_path / ".git").mkdir()
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("is_clone", "level", "fix"),
    [(True, "WARN", "git checkout"), (False, "FAIL", "download the release again")],
)
def test_a_file_that_differs_may_be_the_teams_work_in_a_clone_and_is_a_failure_of_a_release(
    clone, is_clone, level, fix
):
    where = clone(is_clone=is_clone, **{"README.md": b"ours"})
    (where / "a" / "b.py").unlink()
    found = list(folder.check(where))
    assert [(str(each.level), each.found) for each in found] == [
        (level, f"{where}: README.md differs"),
        (level, f"{where}: a/b.py is missing"),
    ]
    assert all(fix in each.fix for each in found)


def test_what_a_team_added_is_its_own(clone):
    where = clone(**{"ours.py": b"x"})
    [found] = folder.check(where)
    assert (str(found.level), found.found) == ("OK", f"all 2 files of {where} are as SHA256SUMS says")


def test_a_folder_in_place_of_a_file_is_a_missing_file(clone):
    where = clone()
    (where / "README.md").unlink()
    (where / "README.md").mkdir()
    assert [each.found for each in folder.check(where)] == [f"{where}: README.md is missing"]


@pytest.mark.parametrize(
    ("count", "lines", "last"),
    [(20, 20, "f19 is missing"), (21, 21, "1 more files"), (25, 21, "5 more files")],
)
def test_of_many_differences_twenty_are_named_and_the_rest_is_counted(clone, count, lines, last):
    files = {f"f{number:02}": b"x" for number in range(count)}
    where = clone(files)
    for path in files:
        (where / path).unlink()
    found = list(folder.check(where))
    assert len(found) == lines
    assert found[-1].found == f"{where}: {last}"


def test_a_folder_without_a_manifest_or_with_a_broken_one_is_named(tmp_path):
    [found] = folder.check(tmp_path)
    assert (str(found.level), found.found) == ("FAIL", f"{tmp_path} has no SHA256SUMS")
    (tmp_path / manifest.NAME).write_text("a" * 63 + "  x\n")
    [found] = folder.check(tmp_path)
    assert found.found.startswith(f"{tmp_path / manifest.NAME}: line 1 is 'aaa")
    assert "Bring the file back" in found.fix


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("a" * 64 + "  x", True),
        ("0" * 64 + "  a file with  spaces", True),
        ("a" * 64 + " x", False),
        ("a" * 64 + " *x", False),
        ("A" * 64 + "  x", False),
        ("g" * 64 + "  x", False),
        ("a" * 65 + "  x", False),
        ("a" * 64 + "  ", False),
        ("", False),
        ("  x", False),
    ],
)
def test_a_line_of_a_manifest_is_a_digest_two_spaces_and_a_path(line, is_one):
    text = f"{'b' * 64}  first\n{line}\n"
    if is_one:
        assert manifest.parse(text) == {"first": "b" * 64, line[66:]: line[:64]}
    else:
        with pytest.raises(ValueError, match=r"^line 2 is "):
            manifest.parse(text)


def test_a_manifest_is_what_sha256sum_writes_sorted_by_path():
    assert manifest.of({"b": b"", "a": b"abc"}) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n"
    )
    assert manifest.of({}) == ""
    assert manifest.parse("") == {}

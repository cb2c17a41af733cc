"""Hashes of inputs, and the message that a failed step leaves."""

import hashlib
import os

import pytest

import digests
from failure import MESSAGE_LENGTH, StepError, reported

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of abc: FIPS 180-2, appendix B.1
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data" / "b").mkdir(parents=True)
    (tmp_path / "data" / "b" / "x.txt").write_bytes(b"abc")
    (tmp_path / "data" / "a.txt").write_bytes(b"")
    return tmp_path / "data"


FOLDER = sha256(f"a.txt\0{EMPTY}\nb/x.txt\0{ABC}\n")


def test_a_file_has_the_hash_of_its_content(folder, monkeypatch):
    assert digests.of_file(folder / "b" / "x.txt") == ABC
    assert digests.of_file(folder / "a.txt") == EMPTY
    monkeypatch.setattr(digests, "_BLOCK", 1)
    assert digests.of_file(folder / "b" / "x.txt") == ABC


def test_a_folder_has_the_hash_of_the_names_and_hashes_of_its_files(folder, tmp_path):
    assert digests.of_folder(folder) == FOLDER
    (folder / "empty folder").mkdir()
    assert digests.of_folder(folder) == FOLDER
    assert digests.of_folder(folder / "empty folder") == EMPTY
    (folder / "b" / "x.txt").rename(folder / "b" / "y.txt")
    assert digests.of_folder(folder) == sha256(f"a.txt\0{EMPTY}\nb/y.txt\0{ABC}\n")


@pytest.mark.parametrize(
    ("place", "recorded", "same"),
    [
        ("b/x.txt", ABC, True), ("b/x.txt", EMPTY, False), ("b", ABC, True), ("b", EMPTY, False),  # a folder with one file
        ("", FOLDER, False), ("", f"folder:{FOLDER}", True), ("", f"folder:{ABC}", False), ("", ABC, False),
        ("b/x.txt", f"folder:{ABC}", True), ("b/x.txt", f"folder:{EMPTY}", False), ("b", f"folder:{ABC}", False),
        ("", "none", True), ("", "", True), ("b/x.txt", ABC[:63], True), ("b/x.txt", ABC.upper(), True), ("b/x.txt", f"etag:{EMPTY}", True),  # no hash
    ],
)  # fmt: skip
def test_data_is_what_the_run_was_started_with_where_its_hash_is_known(folder, place, recorded, same):
    if same:
        digests.require_data(folder / place, recorded)
        return
    with pytest.raises(StepError) as caught:
        digests.require_data(folder / place, recorded)
    assert "The data is not what the run was started with: the SHA-256 of " in str(caught.value)
    assert f"expected {recorded}. Somebody wrote to its place in S3" in str(caught.value)


def test_a_message_names_both_hashes(folder):
    with pytest.raises(StepError, match=f"the SHA-256 of x.txt is {ABC}, expected {'0' * 64}"):
        digests.require_data(folder / "b" / "x.txt", "0" * 64)
    with pytest.raises(StepError, match=f"the SHA-256 of data is folder:{FOLDER}, expected {'0' * 64}"):
        digests.require_data(folder, "0" * 64)


# The message of a failed step


def left(path, error):
    with pytest.raises(BaseException) as caught, reported(path):
        raise error
    return caught.value, path.read_text(encoding="utf-8") if path.exists() else None


def test_a_step_that_cannot_work_ends_the_program_with_its_reason(tmp_path):
    ended, message = left(tmp_path / "output" / "message", StepError("No data. Give some."))
    assert isinstance(ended, SystemExit)
    assert ended.code == message == "No data. Give some."


def test_an_error_that_nobody_expected_leaves_its_kind_too_and_its_traceback(tmp_path):
    ended, message = left(tmp_path / "message", KeyError("x"))
    assert isinstance(ended, KeyError)
    assert message == "KeyError: 'x'"


def test_whoever_ends_the_program_leaves_no_reason(tmp_path):
    ended, message = left(tmp_path / "message", SystemExit(3))
    assert (ended.code, message) == (3, None)


def test_a_step_that_works_leaves_nothing(tmp_path):
    with reported(tmp_path / "message"):
        pass
    assert not (tmp_path / "message").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x" * 2000, "x" * 1000),
        ("caf\u00e9 \U0001f600", "caf\u00e9 \U0001f600"),
        (f"no {os.fsdecode(b'caf' + bytes([0xE9]))}.csv", "no caf\\udce9.csv"),
        ("", ""),
    ],
    ids=["long", "unicode", "a name that is not UTF-8", "empty"],
)
def test_a_reason_of_any_length_and_any_characters_is_left(tmp_path, text, message):
    assert MESSAGE_LENGTH == 1000
    assert left(tmp_path / "message", StepError(text))[1] == message

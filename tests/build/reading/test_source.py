"""Which files are the data, what they are called, and which split each belongs to."""

import os
from pathlib import Path, PurePosixPath

import pytest

from failure import StepError
from reading import source
from reading.unpack import is_hidden

ANY = {"files": None}


def write(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    return folder


def given(train="train*", validation=None, test="test*"):
    return {"files": {"train": train, "validation": validation, "test": test}}


def named(found):
    return [(each.name, each.split) for each in found]


def test_a_file_is_itself(tmp_path):
    write(tmp_path, "reviews.csv", "other.csv")
    assert named(source.find(tmp_path / "reviews.csv", ANY)) == [("reviews.csv", None)]


def test_the_parts_of_a_folder_come_in_the_order_of_their_paths_whatever_the_depth(tmp_path):
    write(tmp_path, "part-10.csv", "part-2.csv", "a/part-3.csv", "b.csv", "B.csv")
    assert named(source.find(tmp_path, ANY)) == [
        ("B.csv", None), ("a/part-3.csv", None), ("b.csv", None), ("part-10.csv", None), ("part-2.csv", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("reviews.csv", False), ("folder/reviews.csv", False), ("_reviews.csv", False), ("MACOSX/x", False), ("SUCCESS", False),
        (".DS_Store", True), ("folder/.hidden", True), (".git/config", True), ("__MACOSX/._reviews.csv", True), ("a/__MACOSX/x", True),
        ("_SUCCESS", True), ("a/_SUCCESS.crc", True), ("_committed_123", True), ("_started_123", True),
        ("Thumbs.db", True), ("thumbs.DB", True), ("desktop.ini", True), ("Desktop.ini", True), ("a/desktop.ini.csv", False),
        ("./reviews.csv", False), ("../reviews.csv", False), ("a/./b.csv", False),
    ],
)  # fmt: skip
def test_what_systems_and_engines_leave_beside_the_data_is_hidden(path, hidden):
    assert is_hidden(PurePosixPath(path)) is hidden


def test_hidden_files_are_no_parts(tmp_path):
    write(tmp_path, "part-0.csv", "_SUCCESS", ".part-0.csv.crc", "__MACOSX/._part-0.csv", "Thumbs.db")
    assert named(source.find(tmp_path, ANY)) == [("part-0.csv", None)]


def test_a_hidden_folder_above_the_data_hides_nothing(tmp_path):
    folder = write(tmp_path / ".cache" / "data", "part-0.csv")
    assert named(source.find(folder, ANY)) == [("part-0.csv", None)]


def test_a_file_that_is_named_itself_may_be_hidden(tmp_path):
    write(tmp_path, ".reviews.csv")
    assert named(source.find(tmp_path / ".reviews.csv", ANY)) == [(".reviews.csv", None)]


def test_a_pattern_matches_the_path_or_the_name(tmp_path):
    write(tmp_path, "en/train-1.csv", "train/x.csv", "test.csv")
    found = source.find(tmp_path, given(train="train*"))
    assert named(found) == [("en/train-1.csv", "train"), ("test.csv", "test"), ("train/x.csv", "train")]


def test_a_split_with_a_pattern_of_its_own_gets_its_files(tmp_path):
    write(tmp_path, "train.csv", "dev.csv", "test.csv")
    found = source.find(tmp_path, given(validation="dev*"))
    assert named(found) == [("dev.csv", "validation"), ("test.csv", "test"), ("train.csv", "train")]


def test_patterns_tell_capitals_apart(tmp_path):
    write(tmp_path, "Train.csv", "test.csv")
    with pytest.raises(StepError, match=r"Train\.csv belongs to no split by data\.files of the recipe"):
        source.find(tmp_path, given())


PROBLEMS = {
    "no split": (
        ("train.csv", "test.csv", "README.md"),
        given(),
        "README.md belongs to no split by data.files of the recipe (train: train*, test: test*).",
    ),
    "several splits": (
        ("train-test.csv", "test.csv"),
        given(train="train*", test="*test*"),
        "train-test.csv belongs to several splits (train, test) by data.files of the recipe (train: train*, test: *test*).",
    ),
    "no file for the test": (
        ("train-1.csv", "train-2.csv"),
        given(),
        "No file is for test: data.files.test of the recipe is test*, and there is train-1.csv, train-2.csv.",
    ),
    "no file for validation": (
        ("train.csv", "test.csv"),
        given(validation="dev*"),
        "No file is for validation: data.files.validation of the recipe is dev*, and there is test.csv, train.csv.",
    ),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_file_or_a_split_that_is_left_over_is_named_with_the_patterns(tmp_path, problem):
    names, data, message = PROBLEMS[problem]
    write(tmp_path, *names)
    with pytest.raises(StepError) as caught:
        source.find(tmp_path, data)
    assert str(caught.value) == message


def test_of_many_files_a_message_names_five(tmp_path):
    write(tmp_path, *(f"train-{number}.csv" for number in range(7)))
    with pytest.raises(StepError, match=r"there is train-0\.csv, .*train-4\.csv\.$"):
        source.find(tmp_path, given())


def test_what_is_not_there_and_what_holds_nothing_are_named(tmp_path):
    with pytest.raises(StepError, match=r"There is no data: .*/nowhere does not exist\."):
        source.find(tmp_path / "nowhere", ANY)
    write(tmp_path / "data", ".DS_Store", "_SUCCESS")
    with pytest.raises(
        StepError, match=r"/data holds 0 files \(nothing\)\. Expected: a data file, or several parts"
    ):
        source.find(tmp_path / "data", ANY)


def test_a_name_of_any_bytes_can_be_shown():
    assert source.shown_name(Path("a", "b.csv")) == "a/b.csv"
    assert source.shown_name(Path("\u00e9t\u00e9.csv")) == "\u00e9t\u00e9.csv"
    assert source.shown_name(Path(os.fsdecode(b"caf\xe9.csv"))) == "caf\\xe9.csv"

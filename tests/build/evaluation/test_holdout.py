"""Files of the holdout and of the validation split, line by line."""

import numpy as np
import pytest

from evaluation import artifact, holdout, mistakes
from evaluation.metrics import Answers
from failure import StepError

LABELS = ("bad", "good")


@pytest.fixture
def load(tmp_path):
    def load(content, multi_label=False):
        path = tmp_path / "holdout.jsonl"
        path.write_bytes(content)
        return holdout.load(tmp_path, LABELS, multi_label)

    return load


def test_a_line_is_a_text_and_its_labels(load):
    found = load(b'{"text": "a\\nlamp", "labels": ["good"]}\n{"labels": ["bad"], "text": "", "more": 1}')
    assert found.texts == ["a\nlamp", ""]
    assert found.truth.tolist() == [[False, True], [True, False]]
    assert found.summary() == {"rows": 2, "labels": {"bad": 1, "good": 1}}


def test_a_text_may_have_several_labels_or_none(load):
    lines = b"".join(
        b'{"text": "a", "labels": %b}\n' % each for each in (b'["good", "bad"]', b"[]", b'["good"]')
    )
    assert load(lines, multi_label=True).truth.tolist() == [[True, True], [False, False], [False, True]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", 'is not {"text": ..., "labels": [...]}: \'\'.'),
        ("oops", 'is not {"text": ..., "labels": [...]}: \'oops\'.'),
        ("[1]", 'is not {"text": ..., "labels": [...]}: \'[1]\'.'),
        ('{"text": "a"}', "is not {"),
        ('{"labels": []}', "is not {"),
        ('{"text": 5, "labels": ["good"]}', "is not {"),
        ('{"text": null, "labels": ["good"]}', "is not {"),
        ('{"text": "a", "labels": null}', "is not {"),
        ('{"text": "a", "labels": "good"}', "is not {"),
        ('{"text": "a", "labels": {"good": 1}}', "is not {"),
        (
            '{"text": "a", "labels": [1]}',
            "has the label 1, which the recipe does not know. Its labels: bad, good.",
        ),
        ('{"text": "a", "labels": [["good"]]}', "has the label ['good'], which the recipe does not know."),
        ('{"text": "a", "labels": ["Good"]}', "has the label 'Good', which the recipe does not know."),
        ('{"text": "a", "labels": []}', "has 0 labels; the recipe gives each text exactly one."),
        ('{"text": "a", "labels": ["good", "bad"]}', "has 2 labels; the recipe gives each text exactly one."),
        ("x" * 200, f"'{'x' * 80}'."),
    ],
)
def test_a_line_that_is_no_example_is_named_with_its_number(load, line, said):
    with pytest.raises(StepError) as caught:
        load(b'{"text": "a", "labels": ["good"]}\n' + line.encode() + b"\n")
    assert "holdout.jsonl, line 2 " in str(caught.value)
    assert said in str(caught.value)


def test_a_file_is_read_as_well_as_its_folder(load, tmp_path):
    load(b'{"text": "a", "labels": ["good"]}\n')
    assert holdout.load(tmp_path / "holdout.jsonl", LABELS, False).texts == ["a"]
    with pytest.raises(
        StepError, match=r"There is no holdout: .*/nowhere does not exist\. Prepare writes it\."
    ):
        holdout.load(tmp_path / "nowhere", LABELS, False)


def test_lines_of_the_validation_split_are_tokens_and_labels(tmp_path):
    (tmp_path / "b.txt").write_text("__label__bad  two words \n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "part.txt").write_text("__label__good __label__bad one\u2028line\nno label\n")
    found = holdout.load_lines(tmp_path, LABELS)
    assert found.texts == ["one line", "no label", "two words"]
    assert found.truth.tolist() == [[True, True], [False, False], [True, False]]


def test_a_label_of_the_validation_split_that_is_unknown_is_named(tmp_path):
    (tmp_path / "part.txt").write_text("__label__good a\n__label__odd b\n")
    with pytest.raises(
        StepError, match=r"part\.txt, line 2 has the label 'odd', which the recipe does not know"
    ):
        holdout.load_lines(tmp_path, LABELS)


# Mistakes


def test_mistakes_of_several_labels_are_sure_of_what_is_most_wrong():
    truth = np.array([[1, 0], [0, 0], [1, 1], [1, 0]], bool)
    scores = np.array([[0.9, 0.8], [0.2, 0.6], [0.1, 0.3], [0.7, 0.2]])
    found = mistakes.most_confident(Answers.several(truth, scores, 0.5), ["a", "b", "c", "d"], LABELS)
    assert found == [
        {"text": "c", "labels": ["bad", "good"], "given": [], "confidence": 0.9},
        {"text": "a", "labels": ["bad"], "given": ["bad", "good"], "confidence": 0.8},
        {"text": "b", "labels": [], "given": ["good"], "confidence": 0.6},
    ]


def test_of_equally_sure_mistakes_the_first_comes_first_and_twenty_are_enough():
    truth = np.tile([True, False], (30, 1))
    found = mistakes.most_confident(
        Answers.single(truth, ~truth * 0.9 + 0.05), [str(n) for n in range(30)], LABELS
    )
    assert [each["text"] for each in found] == [str(n) for n in range(20)]


# The artifact


class Head:
    def __init__(self, **answer):
        self.answer = answer

    def __call__(self, bucket, key):
        assert (bucket, key) == ("bucket", "models/a b/model.tar.gz")
        return self.answer


@pytest.mark.parametrize(
    ("stated", "version"), [({"VersionId": "v7"}, "v7"), ({"VersionId": None}, "none"), ({}, "none")]
)
def test_an_artifact_has_the_version_of_its_object(monkeypatch, stated, version):
    monkeypatch.setattr(artifact, "_head", Head(ContentLength=5, **stated))
    assert artifact.version("s3://bucket/models/a b/model.tar.gz", 5) == version


def test_an_artifact_that_was_replaced_meanwhile_is_told_by_its_size(monkeypatch):
    monkeypatch.setattr(artifact, "_head", Head(ContentLength=6))
    with pytest.raises(StepError) as caught:
        artifact.version("s3://bucket/models/a b/model.tar.gz", 5)
    assert str(caught.value) == (
        "s3://bucket/models/a b/model.tar.gz was replaced while it was evaluated: it has 6 bytes, the candidate has 5. Find out who "
        "wrote it, and run again."
    )


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (lambda path, sha256: artifact.require(path, sha256, "champion"), "The champion's artifact was changed after it was registered"),
        (artifact.require_trained, "The candidate is not what the pull request trained"),
    ],
    ids=["registered", "trained"],
)  # fmt: skip
def test_an_artifact_has_the_hash_that_was_recorded_if_one_was(tmp_path, check, said):
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    check(path, known)
    check(path, "none")
    with pytest.raises(StepError) as caught:
        check(path, "0" * 64)
    assert said in str(caught.value)
    assert known in str(caught.value) and "0" * 64 in str(caught.value)

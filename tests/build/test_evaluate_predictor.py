"""fastText's traps, behind the predictor."""

import tarfile

import fasttext
import numpy as np
import pytest

from failure import StepError
from prediction import predictor
from prediction.contract import Contract

LABELS = ("bad", "good", "unseen")


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    """A model of two labels that is sure of itself."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "train.txt").write_text("__label__good soft dress\n__label__bad torn seam\n" * 200)
    model = fasttext.train_supervised(
        str(folder / "train.txt"), thread=1, dim=4, epoch=50, lr=1.0, bucket=0, verbose=0
    )
    model.save_model(str(folder / "model.bin"))
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(folder / "model.bin", "./model.bin")
    return folder / "model.tar.gz"


def contract(multi_label=False, tokenise=lambda text, rules: text):
    return Contract(LABELS, multi_label, dict.fromkeys(LABELS, 0.5) if multi_label else None, {}, tokenise)


def predict(artifact, texts, labels=LABELS, **terms):
    return predictor.Predictor(artifact, contract(**terms), "candidate").predict(texts, labels)


def test_probabilities_come_in_the_order_of_the_labels_asked_for(artifact):
    good, bad = predict(artifact, ["soft dress", "torn seam"], labels=("unseen", "good", "bad")).probabilities

    assert good.argmax() == 1
    assert bad.argmax() == 2


def test_a_label_that_training_never_saw_has_no_probability(artifact):
    assert predict(artifact, ["soft dress"]).probabilities[0, 2] == 0.0


def test_probabilities_are_within_0_and_1_and_add_up(artifact):
    raw = fasttext.load_model(str(artifact.parent / "model.bin")).predict("soft soft dress", k=-1)[1]
    assert raw.max() > 1, "fastText no longer exceeds 1: this test has lost its point"

    probabilities = predict(artifact, ["soft soft dress", "torn seam"]).probabilities

    assert probabilities.max() <= 1.0
    assert probabilities.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-12)


def test_a_text_of_which_nothing_is_left_speaks_for_no_label(artifact):
    predictions = predict(artifact, ["", "soft dress", "  \n "])

    assert predictions.empty == 2
    assert predictions.probabilities[[0, 2]] == pytest.approx(np.full((2, 3), 1 / 3))
    assert predict(artifact, [""], multi_label=True).probabilities.tolist() == [[0.0, 0.0, 0.0]]


def test_rules_that_leave_a_newline_or_half_a_character_do_no_harm(artifact):
    predictions = predict(artifact, ["soft\ndress", "soft \ud83d dress"])

    assert (predictions.probabilities.argmax(axis=1) == 1).all()


def test_a_text_is_answered_alike_alone_and_among_thousands(artifact):
    texts = ["soft dress", "torn seam", "dress seam", ""] * 1000

    many = predict(artifact, texts).probabilities

    assert (many[2700:2704] == predict(artifact, texts[:4]).probabilities).all()


def test_an_unsupervised_model_is_not_a_classifier(tmp_path):
    (tmp_path / "text.txt").write_text("bad good unseen\n" * 20)
    model = fasttext.train_unsupervised(
        str(tmp_path / "text.txt"), thread=1, dim=4, minCount=1, bucket=10, verbose=0
    )
    model.save_model(str(tmp_path / "model.bin"))
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "model.bin", "model.bin")

    with pytest.raises(StepError, match=r"candidate's model\.bin is not a classifier"):
        predict(tmp_path / "model.tar.gz", ["bad"])

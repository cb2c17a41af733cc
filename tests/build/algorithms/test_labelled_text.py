"""The lines that training scripts read, and the options that the pipeline gives them."""

import argparse

import pytest


@pytest.fixture(scope="module")
def labelled_text(module):
    return module("labelled_text")


@pytest.mark.parametrize(
    ("line", "text", "labels"),
    [
        ("__label__a one two", "one two", {"a"}),
        ("__label__a  one   two ", "one two", {"a"}),
        ("__label__a __label__b one", "one", {"a", "b"}),
        ("one __label__a two", "one two", {"a"}),
        ("__label__a", "", {"a"}),
        ("__label__a __label__a x", "x", {"a"}),
        ("__label__\u00e9 caf\u00e9", "caf\u00e9", {"\u00e9"}),
        ("__label__a one\u2028two", "one two", {"a"}),
    ],
)
def test_a_line_is_an_example(labelled_text, channel, line, text, labels):
    for end in ("\n", "\r\n", ""):
        channel("train", part=line + end)
        found = labelled_text.read("train")
        assert (found.texts, found.labels) == ([text], [frozenset(labels)])


def test_the_files_of_a_channel_are_read_in_the_order_of_their_names(labelled_text, channel):
    folder = channel("train", b="__label__b two\n", a="__label__a one\n\nno label\n", c="")
    (folder / "deep").mkdir()
    (folder / "deep" / "x").write_text("__label__c three")
    found = labelled_text.read("train")
    assert found.texts == ["one", "two", "three"]
    assert found.names == ["a", "b", "c"]


def test_a_channel_that_is_missing_or_holds_no_example_is_named(
    labelled_text, channel, monkeypatch, tmp_path
):
    folder = channel("train", part="no label here\n")
    with pytest.raises(labelled_text.TrainingDataError) as caught:
        labelled_text.read("train")
    assert str(caught.value) == f"The channel train ({folder}) holds no line that begins with __label__."
    monkeypatch.setenv("SM_CHANNEL_VALIDATION", str(tmp_path / "nowhere"))
    with pytest.raises(
        labelled_text.TrainingDataError, match=r"The channel folder .*/nowhere does not exist\."
    ):
        labelled_text.read("validation")


def test_columns_say_which_labels_an_example_has(labelled_text):
    examples = labelled_text.Examples(["x", "y", "z"], [frozenset("a"), frozenset("ca"), frozenset()])
    assert labelled_text.columns(examples, ["c", "b", "a"]) == [
        [False, False, True], [True, False, True], [False, False, False],
    ]  # fmt: skip


def test_labels_that_the_recipe_lacks_are_named_and_cut(labelled_text):
    examples = labelled_text.Examples(["x"], [frozenset(f"l{number}" for number in range(10))])
    with pytest.raises(labelled_text.TrainingDataError) as caught:
        labelled_text.columns(examples, ["l1", "b"])
    assert (
        str(caught.value) == "The data has the labels l0, l2, l3, l4, l5, l6, l7, l8; the recipe names l1, b."
    )


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("false", False), ("True", True), ("FALSE", False)]
)
def test_a_truth_is_written_as_hyperparameters_are(labelled_text, text, value):
    assert labelled_text.truth(text) is value


@pytest.mark.parametrize("text", ["", "yes", "1", "0", "no", " true"])
def test_what_is_no_truth_is_shown(labelled_text, text):
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        labelled_text.truth(text)
    assert str(caught.value) == f"{text!r} is neither true nor false"


def test_the_pipelines_options(labelled_text, monkeypatch, capsys):
    monkeypatch.setenv("SM_MODEL_DIR", "/models/here")
    found = labelled_text.arguments("what it does").parse_args(["--labels", "a b"])
    assert (found.labels, found.multi_label, str(found.model_dir)) == ("a b", False, "/models/here")
    several = labelled_text.arguments(None).parse_args(
        ["--labels", "a", "--multi_label", "true", "--model-dir", "m"]
    )
    assert (several.multi_label, str(several.model_dir)) == (True, "m")
    with pytest.raises(SystemExit):
        labelled_text.arguments(None).parse_args([])
    assert "--labels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (0.5, "is 0.5; take a smaller one, such as 0.05."),
        (1e-4, "is 0.0001; take a smaller one, such as 1e-05."),
    ],
)
def test_a_model_that_diverged_names_a_smaller_rate(labelled_text, rate, words):
    assert f"learning_rate {words}" in str(labelled_text.diverged(rate))

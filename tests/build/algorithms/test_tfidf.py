"""TF-IDF with logistic regression, in this process and against scikit-learn's own."""

import json
import random

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

WORDS = {"a": "apple ant anchor acid", "b": "boat bell bread bone", "c": "cat coal cork cube"}


def texts(labels, count, seed=0):
    """Lines of training: a text of its label's words, and of some that all of them have."""
    chance = random.Random(seed)
    lines = []
    for number in range(count):
        label = labels[number % len(labels)]
        words = [*chance.choices(WORDS[label].split(), k=4), *chance.choices(["the", "and", "of", "x"], k=3)]
        lines.append(f"__label__{label} {' '.join(words)}\n")
    return "".join(lines)


@pytest.fixture(scope="module")
def train(module):
    return module("train", "tfidf")


@pytest.fixture
def fitted(train, channel):
    """Trains on lines with these options; the model."""

    def fitted(lines, *options, labels="a b c"):
        channel("train", part=lines)
        return train.train(train.parse(["--labels", labels, "--min_count", "1", *options]))

    return fitted


ASKED = ["apple ant", "boat and bell", "cat cat cat", "apple boat", "the of", "unknown words", ""]


def reference(lines, labels, words=2, characters=0, strength=4.0):
    """scikit-learn's own pipeline: probabilities of ASKED."""
    examples = [line.split(" ", 1) for line in lines.splitlines()]
    vectorizer = TfidfVectorizer(
        token_pattern=r"\S+", ngram_range=(1, words), lowercase=False, sublinear_tf=True, dtype=np.float32
    )
    features = vectorizer.fit_transform([text for _, text in examples])
    classes = [labels.index(label.removeprefix("__label__")) for label, _ in examples]
    fitted = LogisticRegression(C=strength, max_iter=500).fit(features, classes)
    return fitted.predict_proba(vectorizer.transform(ASKED))


@pytest.mark.parametrize("labels", ["ab", "abc"])
def test_the_probabilities_are_those_of_scikit_learn(fitted, labels):
    lines = texts(labels, 90)
    found = fitted(lines, "--char_ngrams", "0", labels=" ".join(labels)).scores(ASKED)
    assert found == pytest.approx(reference(lines, labels), abs=1e-4)


def test_the_regularisation_is_the_inverse_of_scikit_learns_strength(fitted):
    lines = texts("abc", 90)
    found = fitted(lines, "--char_ngrams", "0", "--regularisation", "2").scores(ASKED)
    assert found == pytest.approx(reference(lines, "abc", strength=0.5), abs=1e-4)


def test_labels_that_are_independent_have_a_regression_each(fitted):
    lines = texts("abc", 90)
    model = fitted(lines, "--char_ngrams", "0", "--multi_label", "true")
    for column, label in enumerate("abc"):
        own = "".join(
            f"__label__{'a' if line.startswith(f'__label__{label}') else 'b'} {line.split(' ', 1)[1]}"
            for line in lines.splitlines(keepends=True)
        )
        wanted = reference(own, "ab")[:, 0]
        # Another solver, which regularises the intercept, too.
        assert model.scores(ASKED)[:, column] == pytest.approx(wanted, abs=0.05)


@pytest.mark.parametrize("options", [(), ("--multi_label", "true")], ids=["one label", "several labels"])
def test_a_model_that_is_stored_and_loaded_answers_alike(fitted, module, tmp_path, options):
    fitted_model = fitted(texts("abc", 60), *options)
    fitted_model.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["model.json", "weights.npz"]
    loaded = module("model", "tfidf").Model.load(tmp_path)
    assert (loaded.labels, loaded.multi_label) == (["a", "b", "c"], bool(options))
    assert (loaded.scores(ASKED) == fitted_model.scores(ASKED)).all()
    described = json.loads((tmp_path / "model.json").read_text())
    assert [each["unit"] for each in described["analysers"]] == ["word", "char"]


def test_a_label_that_no_text_has_or_each_has_is_answered_constantly(fitted):
    lines = (
        texts("ab", 40)
        .replace("__label__a ", "__label__a __label__c ")
        .replace("__label__b ", "__label__b __label__c ")
    )
    scores = fitted(lines, "--multi_label", "true", labels="a b c d").scores(ASKED)
    assert (scores[:, 2] > 1 - 1e-6).all()
    assert (scores[:, 3] < 1e-6).all()
    alone = fitted(texts("ab", 40), labels="a b c").scores(ASKED)
    assert (alone[:, 2] == 0).all()
    assert alone.sum(axis=1) == pytest.approx(np.ones(len(ASKED)))


def test_balanced_weighs_rare_labels_up(fitted):
    lines = texts("a", 60) + texts("b", 4, seed=1)
    plain, balanced = (
        fitted(lines, "--balanced", stated, labels="a b").scores(["the of and"])[0, 1]
        for stated in ("false", "true")
    )
    assert plain < balanced


def test_a_script_answers_by_the_four_functions_of_the_toolkit(fitted, module, tmp_path):
    fitted(texts("abc", 60)).save(tmp_path)
    inference = module("inference", "tfidf")
    model = inference.model_fn(str(tmp_path))
    asked = inference.input_fn(
        b'{"instances": ["apple ant", "boat"], "configuration": {"k": 2}}', "application/json"
    )
    body, kind = inference.output_fn(inference.predict_fn(asked, model), "application/json")
    first, second = json.loads(body)
    assert (first["label"][0], second["label"][0], kind) == ("__label__a", "__label__b", "application/json")
    assert len(first["prob"]) == 2 and first["prob"][0] > first["prob"][1]
    assert inference.predict_fn([], model) == []


@pytest.mark.parametrize(
    ("lines", "options", "said"),
    [
        (texts("abc", 9), ("--word_ngrams", "0", "--char_ngrams", "0"), "word_ngrams is 0 and char_ngrams 0. Expected 1 or more words"),
        (texts("abc", 9), ("--char_ngrams", "1"), "char_ngrams 1. Expected 1 or more words, 2 or more characters, or 0"),
        (texts("abc", 9), ("--word_ngrams", "-1"), "word_ngrams is -1"),
        (texts("abc", 9), ("--min_count", "10"), "No n-gram is in 10 of the 9 texts ("),
        (texts("a", 9), (), "All texts have the same label; there is nothing to learn."),
        (texts("abc", 9), ("--naive_bayes", "true"), "these have one of 3 labels. Expected two labels, or several labels"),
        ("__label__d x\n", (), "The data has the labels d; the recipe names a, b, c."),
    ],
)  # fmt: skip
def test_data_and_options_that_cannot_be_used_are_told(fitted, module, lines, options, said):
    with pytest.raises(module("labelled_text").TrainingDataError) as caught:
        fitted(lines, *options)
    assert said in str(caught.value)


def test_a_log_count_ratio_is_by_the_shares_of_an_n_gram(train):
    """Wang and Manning, "Baselines and Bigrams", equation 2, worked out by hand: 0.1 is added to each weight."""
    features = np.array([[1, 0, 2], [1, 0, 0], [0, 3, 2]], dtype=np.float64)
    found = train._log_count_ratios(features, np.array([True, True, False]))
    with_label, without = np.array([2.1, 0.1, 2.1]), np.array([0.1, 3.1, 2.1])
    assert found == pytest.approx(np.log((with_label / 4.3) / (without / 5.3)))


def figures(capsys):
    printed = capsys.readouterr().out.splitlines()
    return {line.split(": ")[0].removeprefix("#validation_"): float(line.split(": ")[1]) for line in printed}


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_figures_on_validation_are_scikit_learns(module, capsys, multi_label):
    chance = np.random.default_rng(0)
    truth = chance.random((50, 4)) < 0.4 if multi_label else np.eye(4, dtype=bool)[chance.integers(0, 3, 50)]
    truth[:, 3] = False
    scores = chance.random((50, 4))
    module("validation_figures").show(truth, scores, multi_label)
    given = scores >= 0.5 if multi_label else np.eye(4, dtype=bool)[scores.argmax(1)]
    assert figures(capsys) == {
        "accuracy": pytest.approx(np.mean([truth[row, scores[row].argmax()] for row in range(50)]), abs=1e-4),
        "macro_f1": pytest.approx(sk.f1_score(truth, given, average="macro", zero_division=0), abs=1e-4),
        "mean_roc_auc": pytest.approx(
            np.mean([sk.roc_auc_score(truth[:, c], scores[:, c]) for c in range(3)]), abs=1e-4
        ),
        "mean_average_precision": pytest.approx(
            np.mean([sk.average_precision_score(truth[:, c], scores[:, c]) for c in range(3)]), abs=1e-4
        ),
    }


def test_without_a_label_to_rank_there_is_no_ranking(module, capsys):
    module("validation_figures").show(np.array([[True, False]] * 3), np.array([[0.9, 0.1]] * 3), False)
    assert figures(capsys) == {"accuracy": 1.0, "macro_f1": 0.5}


def test_without_a_channel_of_validation_nothing_is_printed(
    train, fitted, channel, capsys, monkeypatch, tmp_path
):
    model = fitted(texts("abc", 30))
    monkeypatch.setenv("SM_CHANNEL_VALIDATION", str(tmp_path / "nowhere"))
    train.validate(model)
    assert capsys.readouterr().out == ""
    channel("validation", part=texts("abc", 30))
    train.validate(model)
    assert figures(capsys)["accuracy"] == 1.0

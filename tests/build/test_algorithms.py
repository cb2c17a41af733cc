"""The algorithms that train and serve by scripts: from labelled lines to answers, and their bad inputs."""

import functools
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from failure import StepError
from model_build.aws import code
from model_build.errors import UsageError
from prediction import contract, predictor, scripted

STEPS = Path(predictor.__file__).parents[1]
ALGORITHMS = STEPS.with_name("algorithms")
SCRIPTS = ["tfidf", "fasttext"]
FEW_BUCKETS = {"tfidf": (), "fasttext": ("--buckets", "1000")}
"""Else a model of fastText has 25 MB, whatever it has learned."""
GOOD = ["good fine lovely", "fine good great", "lovely great good", "great fine lovely"]
BAD = ["bad awful broken", "awful bad poor", "broken poor bad", "poor awful broken"]
LABELS = ("negative", "positive")
TRANSFORMER = {"algorithm": "transformer", "pretrained": {"package": "tiny-bert==1.0", "sha256": "7" * 64}}


def lines(multi_label=False):
    several = [
        f"__label__negative __label__positive {bad} {good}" for bad, good in zip(BAD, GOOD, strict=True)
    ]
    one = [f"__label__positive {text}" for text in GOOD] + [f"__label__negative {text}" for text in BAD]
    return 4 * (one + several if multi_label else one)


def train(folder, name, channel, *options):
    """Run train.py as the image's toolkit does; returns the finished process."""
    source = folder / "code"
    for path, content in code.algorithm(ALGORITHMS, name, STEPS).items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(content)
    data = folder / "train"
    data.mkdir()
    (data / "train.txt").write_text("\n".join(channel) + "\n")
    (folder / "model").mkdir()
    environment = {
        "PATH": os.defpath,
        "SM_CHANNEL_TRAIN": str(data),
        "SM_CHANNEL_VALIDATION": str(data),
        "SM_MODEL_DIR": str(folder / "model"),
        "SM_MODULE_DIR": str(source),
    }
    return subprocess.run(
        [sys.executable, "train.py", "--labels", " ".join(LABELS), *options],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
    )


def artifact(folder):
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for file in sorted((folder / "model").iterdir()):
            archive.add(file, file.name)
    return path


def terms(multi_label=False):
    return contract.Contract(
        LABELS, multi_label, dict.fromkeys(LABELS, 0.5) if multi_label else None, {}, lambda text, rules: text
    )


def predict(path, texts, multi_label=False):
    return predictor.Predictor(path, terms(multi_label), "candidate").predict(texts, LABELS)


@dataclass(frozen=True)
class Trained:
    """A finished training: what it printed, its folder and its artifact."""

    printed: str
    folder: Path

    @functools.cached_property
    def artifact(self) -> Path:
        return artifact(self.folder)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Trains an algorithm, once for each kind of labels."""

    @functools.cache
    def trained(name, multi_label=False, number=1):
        folder = tmp_path_factory.mktemp(name)
        channel = lines(multi_label)
        options = ("--multi_label", str(multi_label), "--min_count", "1", *FEW_BUCKETS[name])
        done = train(folder, name, channel, *options)
        assert done.returncode == 0, done.stderr
        return Trained(done.stdout, folder)

    return trained


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_trained_model_tells_the_labels_apart(trained, name):
    assert "#validation_accuracy: 1.0000" in trained(name).printed
    found = predict(trained(name).artifact, ["bad awful", "good great"])
    assert found.probabilities.argmax(axis=1).tolist() == [0, 1]
    assert np.allclose(found.probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("name", SCRIPTS)
def test_labels_that_are_independent_can_both_be_given(trained, name):
    path = trained(name, multi_label=True).artifact
    found = predict(path, ["bad awful broken good fine lovely"], multi_label=True)
    assert (found.probabilities > 0.5).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_same_data_gives_the_same_answers(trained, name):
    first, second = (
        predict(trained(name, number=number).artifact, ["bad good", "poor fine great"]) for number in (1, 2)
    )
    assert (first.probabilities == second.probabilities).all()


@pytest.mark.parametrize("name", ["tfidf", pytest.param("fasttext", marks=pytest.mark.slow)])
def test_a_label_that_the_recipe_lacks_ends_the_training_naming_it(tmp_path, name):
    done = train(tmp_path, name, [*lines(), "__label__neutral so so"])
    assert done.returncode != 0
    assert "The data has the labels neutral; the recipe names negative, positive." in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_channel_without_a_labelled_line_ends_the_training(tmp_path, name):
    done = train(tmp_path, name, ["no label here"])
    assert done.returncode != 0
    assert "holds no line that begins with __label__" in done.stderr


def test_a_model_that_diverges_names_its_learning_rate_and_a_smaller_one(tmp_path):
    done = train(tmp_path, "fasttext", lines(), "--learning_rate", "1000", "--min_count", "1")
    assert done.returncode != 0
    assert "The model diverged" in done.stderr
    assert "learning_rate is 1000; take a smaller one, such as 100." in done.stderr
    assert not list((tmp_path / "model").glob("*"))


def test_tfidf_keeps_no_pickle(trained):
    held = sorted(path.name for path in (trained("tfidf").folder / "model").iterdir())
    assert held == ["code", "model.json", "weights.npz"]


@pytest.mark.slow
def test_with_naive_bayes_a_word_of_both_labels_counts_less_beside_one_of_a_single_label(tmp_path):
    channel = [line if line.startswith("__label__negative b") else f"{line} the" for line in lines()]
    shares = {}
    for naive_bayes in ("true", "false"):
        folder = tmp_path / naive_bayes
        folder.mkdir()
        done = train(
            folder, "tfidf", channel, "--min_count", "1", "--char_ngrams", "0", "--naive_bayes", naive_bayes
        )
        assert done.returncode == 0, done.stderr
        probabilities = predict(artifact(folder), ["bad awful", "good great"]).probabilities
        assert probabilities.argmax(axis=1).tolist() == [0, 1]
        words = json.loads((folder / "model" / "model.json").read_text())["vocabularies"][0]
        with np.load(folder / "model" / "weights.npz") as arrays:
            of_both, of_one = (arrays["coefficients"][1, words[word]] for word in ("the", "lovely"))
        shares[naive_bayes] = of_both / of_one
    assert 0 < shares["true"] < shares["false"]


def test_naive_bayes_with_three_labels_of_which_a_text_has_one_is_refused(tmp_path):
    channel = [*lines(), "__label__neutral so so", "__label__neutral well so"]
    done = train(
        tmp_path,
        "tfidf",
        channel,
        "--labels",
        "negative positive neutral",
        "--naive_bayes",
        "true",
        "--min_count",
        "1",
    )
    assert done.returncode != 0
    assert "one of 3 labels" in done.stderr
    assert "leave naive_bayes out" in done.stderr


def test_tfidf_says_what_to_do_where_no_ngram_is_frequent_enough(tmp_path):
    done = train(tmp_path, "tfidf", lines(), "--min_count", "1000")
    assert "Lower min_count." in done.stderr


# --- a script of the team's own, asked by Evaluate ---

SCRIPT = """
import json

def model_fn(folder): return None
def input_fn(body, kind): return json.loads(body)["instances"]
def predict_fn(texts, model): return {predicted}
def output_fn(answered, accept): return json.dumps(answered), accept
"""
ANSWER = '[{"label": ["__label__positive", "__label__negative"], "prob": [0.8, 0.2]} for text in texts]'


def scripted_artifact(folder, script):
    (folder / "model" / "code").mkdir(parents=True)
    (folder / "model" / "code" / "inference.py").write_text(script)
    return artifact(folder)


def test_a_script_is_asked_for_every_text(tmp_path):
    path = scripted_artifact(tmp_path, SCRIPT.format(predicted=ANSWER))
    found = predict(path, ["one", "two", ""])
    assert found.probabilities[:2].tolist() == [[0.2, 0.8]] * 2
    assert found.empty == 1


def test_two_models_can_have_modules_of_the_same_names(tmp_path):
    for name, score in (("a", 0.9), ("b", 0.6)):
        (tmp_path / name).mkdir()
        answer = ANSWER.replace("0.8, 0.2", f"{score}, {1 - score:.1f}")
        path = scripted_artifact(tmp_path / name, SCRIPT.format(predicted=answer))
        assert predict(path, ["x"]).probabilities[0, 1] == pytest.approx(score)


def test_a_script_gets_none_of_the_jobs_credentials(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    script = "import os\nassert 'AWS_SECRET_ACCESS_KEY' not in os.environ\n" + SCRIPT.format(predicted=ANSWER)
    assert predict(scripted_artifact(tmp_path, script), ["x"]).empty == 0


@pytest.mark.parametrize(
    ("predicted", "said"),
    [
        ("1 / 0", "failed: ZeroDivisionError: division by zero"),
        ("[]", "was given 1 texts and answered 0"),
        ('["yes" for text in texts]', "answered something else than a list of"),
        ('[{"label": ["__label__positive"], "prob": [7.0]}]', "answered the score 7.0"),
        ('[{"label": ["__label__positive"], "prob": []}]', "ValueError: 1 labels with 0 scores"),
        ('[{"label": ["__label__odd"], "prob": [0.5]}]', "the model answers odd"),
    ],
)
def test_a_script_that_answers_wrongly_is_named(tmp_path, predicted, said):
    path = scripted_artifact(tmp_path, SCRIPT.format(predicted=predicted))
    with pytest.raises(StepError, match="candidate") as error:
        predict(path, ["x"])
    assert said in str(error.value)


@pytest.mark.parametrize("container", ["pickle", "zip"])
def test_an_artifact_with_a_pickle_is_refused_and_not_loaded(tmp_path, container):
    scripted_artifact(tmp_path, SCRIPT.format(predicted=ANSWER))
    weights = tmp_path / "model" / "weights.pt"
    if container == "pickle":
        weights.write_bytes(pickle.dumps({"weights": [1.0]}))
    else:
        with zipfile.ZipFile(weights, "w") as zipped:
            zipped.writestr("archive/data.pkl", pickle.dumps({"weights": [1.0]}))
    with pytest.raises(StepError, match=r"candidate's artifact holds a pickle, weights\.pt.*safetensors"):
        predict(artifact(tmp_path), ["x"])


def test_a_script_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(scripted, "TIMEOUT_SECONDS", 2)
    path = scripted_artifact(tmp_path, "import time\ntime.sleep(600)\n")
    with pytest.raises(StepError, match="did not answer the holdout within 2 s"):
        predict(path, ["x"])


def test_an_artifact_without_a_script_is_a_fasttext_model(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").write_bytes(b"no model")
    assert not scripted.is_scripted(artifact(tmp_path))


# --- what is uploaded ---


def test_an_algorithm_brings_the_modules_that_it_imports():
    assert set(code.algorithm(ALGORITHMS, "tfidf", STEPS)) == {
        *("train.py", "inference.py", "model.py"),
        *("labelled_text.py", "protocol.py", "validation_figures.py"),
    }


def test_an_algorithm_brings_the_modules_of_the_steps_that_it_imports():
    assert {"wheels.py", "failure.py", "labelled_text.py"} <= set(
        code.algorithm(ALGORITHMS, "fasttext", STEPS)
    )


def test_the_archive_of_equal_files_is_equal():
    files = code.algorithm(ALGORITHMS, "fasttext", STEPS)
    assert code.archive(files) == code.archive(dict(reversed(files.items())))


def test_an_algorithm_that_is_not_there_is_refused_naming_those_that_are():
    with pytest.raises(UsageError, match=r"Algorithms there: fasttext, tfidf, transformer"):
        code.algorithm(ALGORITHMS, "svm", STEPS)


def test_an_algorithm_without_a_serving_script_is_refused(tmp_path):
    shutil.copytree(ALGORITHMS / "tfidf", tmp_path / "own")
    (tmp_path / "own" / "inference.py").unlink()
    with pytest.raises(UsageError, match=r"has no inference\.py"):
        code.algorithm(tmp_path, "own", STEPS)


def test_a_recipe_that_tells_a_script_what_the_pipeline_tells_it_is_refused(recipe_problem):
    said = recipe_problem({"algorithm": "script", "folder": "tfidf", "hyperparameters": {"labels": "a b"}})
    assert (
        "training.hyperparameters.labels: train.py is told that by the pipeline; leave the key out." in said
    )


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"algorithm": "svm"}, "training.algorithm: found 'svm'. Allowed: blazingtext, script, transformer."),
        ({"algorithm": "script"}, "training.folder: missing. It is the name of a folder in algorithms/"),
        (
            {"algorithm": "script", "folder": "../x"},
            "training.folder: found '../x'. Allowed: the name of a folder",
        ),
        (
            {"algorithm": "script", "folder": "tfidf", "folde": 1},
            "training.folde: unknown key. Did you mean folder?",
        ),
        ({"folder": "tfidf"}, "training.folder: unknown key."),
        (
            {"algorithm": "transformer"},
            "training.pretrained: missing. It is the model that training begins with",
        ),
        (
            {"algorithm": "transformer", "pretrained": {"sha256": "7" * 64}},
            "training.pretrained: found no source. Allowed: one of package, hub and archive",
        ),
        (
            {"algorithm": "transformer", "pretrained": {"hub": "team/bert", "sha256": "7" * 64}},
            "training.pretrained.hub: found 'team/bert'. Allowed: a name on the hub and the commit",
        ),
        (
            TRANSFORMER | {"max_wait_seconds": 60},
            "training.max_wait_seconds: only spot capacity is waited for; leave the key out",
        ),
        (
            TRANSFORMER | {"spot": True, "max_wait_seconds": 60},
            "training.max_wait_seconds: found 60. Allowed: max_runtime_seconds (3600) or more",
        ),
        (
            TRANSFORMER | {"instance_type": "ml.g5.xlarge", "fallback_instance_types": ["ml.c5.xlarge"]},
            "training.fallback_instance_types: machines with and without GPUs run different images",
        ),
        (
            TRANSFORMER | {"hyperparameters": {"epoch": 3}},
            "training.hyperparameters.epoch: unknown key. Did you mean epochs?",
        ),
    ],
)
def test_a_wrong_training_is_told_by_its_key(recipe_problem, training, said):
    assert said in recipe_problem(training)


@pytest.fixture
def recipe_problem():
    """The message of the error that refuses a recipe with this `training`."""
    from model_build.errors import RecipeError
    from model_build.recipe import Recipe

    def refused(training):
        document = {
            "name": "n",
            "data": {"format": "csv", "text": "t", "label": "l"},
            "labels": {"names": ["a", "b"]},
            "gate": {"minimum": 0.5},
            "training": training,
        }
        with pytest.raises(RecipeError) as error:
            Recipe.parse(json.loads(json.dumps(document)), origin=Path("n.yaml"))
        return str(error.value)

    return refused

"""BlazingText on fastText: its hyperparameters, its channels, its log and its model."""

import json

import fasttext
import pytest

from local_aws.containers.blazingtext import main
from local_aws.containers.hyperparameters import HyperparameterError, Hyperparameters

TEXT = "".join(
    f"__label__{label} {word} number {n}\n"
    for n in range(30)
    for label, word in (("good", "fine"), ("bad", "poor"))
)


@pytest.fixture
def train(tmp_path, capsys):
    """Run the program on channels of one file each; returns its exit code, its log and its /opt/ml."""

    def train(train=TEXT, validation=None, name="ml", **hyperparameters):
        ml = tmp_path / name
        for folder in ("model", "output", "input/config", "input/data"):
            (ml / folder).mkdir(parents=True)
        for channel, text in (("train", train), ("validation", validation)):
            if text is not None:
                (ml / "input/data" / channel).mkdir()
                (ml / "input/data" / channel / "text.txt").write_text(text)
        stated = {"mode": "supervised", "min_count": "1", "buckets": "1000", "vector_dim": "4"}
        (ml / "input/config/hyperparameters.json").write_text(json.dumps(stated | hyperparameters))
        return main(ml), capsys.readouterr().out, ml

    return train


def test_the_defaults_are_the_algorithms():
    parsed = Hyperparameters.parse({"mode": "supervised"})
    assert (parsed.epochs, parsed.learning_rate, parsed.min_count) == (5, 0.05, 5)
    assert (parsed.vector_dim, parsed.word_ngrams, parsed.buckets) == (100, 2, 2_000_000)
    assert (parsed.early_stopping, parsed.patience, parsed.min_epochs) == (False, 4, 5)


def test_values_are_parsed_from_strings():
    parsed = Hyperparameters.parse(
        {"mode": "supervised", "epochs": "10", "learning_rate": "0.3", "early_stopping": "True"}
    )
    assert (parsed.epochs, parsed.learning_rate, parsed.early_stopping) == (10, 0.3, True)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"mode": "supervised", "min_char": "3"}, "not allowed ('min_char' was unexpected)"),
        ({"mode": "supervised", "lr": "0.3"}, "'lr' was unexpected"),
        ({"mode": "supervised", "epochs": "many"}, "epochs: unable to parse 'many' as an integer"),
        ({"mode": "supervised", "epochs": "0"}, "epochs: 0 is less than the minimum of 1"),
        ({"mode": "supervised", "vector_dim": "1.5"}, "vector_dim: unable to parse '1.5'"),
        ({"mode": "supervised", "min_count": "-1"}, "min_count: -1 is less than the minimum of 0"),
        ({"mode": "supervised", "learning_rate": "0"}, "learning_rate: 0.0 is not a positive number"),
        ({"mode": "supervised", "learning_rate": "nan"}, "learning_rate: nan is not a positive number"),
        ({"mode": "supervised", "early_stopping": "yes"}, "early_stopping: 'yes' is not one of True, False"),
        ({"mode": "cbow"}, "'cbow' learns word vectors"),
        ({"mode": "skipgram"}, "'skipgram' learns word vectors"),
        ({"mode": "batch_skipgram"}, "'batch_skipgram' learns word vectors"),
        ({"mode": "unsupervised"}, "'unsupervised' is not one of batch_skipgram, skipgram, cbow, supervised"),
        ({"epochs": "3"}, "'mode' is a required hyperparameter"),
    ],
)
def test_what_the_algorithm_does_not_take_is_refused_by_name(stated, said):
    with pytest.raises(HyperparameterError) as refused:
        Hyperparameters.parse(stated)
    assert said in str(refused.value)


def test_the_model_is_fasttexts_and_knows_the_labels(train):
    code, _, ml = train(learning_rate="0.5", epochs="20")
    assert code == 0
    model = fasttext.load_model(str(ml / "model/model.bin"))
    assert sorted(model.labels) == ["__label__bad", "__label__good"]
    assert model.predict("fine number 3")[0] == ("__label__good",)


def test_the_log_has_the_algorithms_lines(train):
    _, said, _ = train(validation=TEXT)
    lines = said.splitlines()
    assert "Running single machine CPU BlazingText training using supervised mode." in lines
    assert "Number of train examples: 60" in lines
    assert "Number of validation examples: 60" in lines
    for beginning in ("#train_accuracy: ", "#validation_accuracy: ", "##### Alpha: "):
        assert any(line.startswith(beginning) for line in lines), said


def test_without_a_validation_channel_nothing_is_said_of_it(train):
    code, said, _ = train()
    assert code == 0
    assert "#validation_accuracy" not in said


def test_training_twice_gives_the_same_model(train):
    models = [(train(name=name)[2] / "model/model.bin").read_bytes() for name in ("one", "two")]
    assert models[0] == models[1]


def test_that_early_stopping_is_not_reproduced_is_said(train):
    code, said, _ = train(validation=TEXT, early_stopping="True", epochs="7")
    assert code == 0
    assert "early_stopping is not reproduced" in said
    assert "all 7 epochs" in said


def test_several_labels_on_a_line_are_learnt(train):
    code, _, ml = train(train="__label__a __label__b both here\n__label__a only a\n" * 20)
    assert code == 0
    assert len(fasttext.load_model(str(ml / "model/model.bin")).labels) == 2


@pytest.mark.parametrize(
    ("channels", "hyperparameters", "said"),
    [
        ({}, {"min_char": "3"}, "'min_char' was unexpected"),
        ({"train": None}, {}, "the train channel is missing"),
        ({"train": ""}, {}, "cannot train on text.txt"),
        ({"train": "no label here\n" * 10}, {}, "no line of text.txt has a label"),
        ({"validation": "no label here\n"}, {}, "the validation channel has no line with a label"),
        ({}, {"learning_rate": "1000"}, "the model diverged: its loss is not a number any more"),
        ({}, {"early_stopping": "True"}, "early_stopping needs a validation channel"),
    ],
)
def test_the_callers_faults_end_with_2_and_say_why(train, channels, hyperparameters, said):
    code, log, ml = train(**channels, **hyperparameters)
    assert code == 2
    assert said in log
    assert said in (ml / "output/failure").read_text()
    assert list((ml / "model").iterdir()) == []


def test_a_channel_must_hold_exactly_one_file(train, tmp_path):
    (tmp_path / "ml/input/data/train").mkdir(parents=True)
    (tmp_path / "ml/input/data/train/second.txt").write_text(TEXT)
    for folder in ("model", "output", "input/config"):
        (tmp_path / "ml" / folder).mkdir(parents=True)
    (tmp_path / "ml/input/data/train/first.txt").write_text(TEXT)
    (tmp_path / "ml/input/config/hyperparameters.json").write_text('{"mode": "supervised"}')
    assert main(tmp_path / "ml") == 2
    assert (
        "exactly one file, but holds 2: first.txt, second.txt" in (tmp_path / "ml/output/failure").read_text()
    )

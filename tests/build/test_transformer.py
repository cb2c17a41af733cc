"""The algorithm `transformer`: from a pretrained model and labelled lines to answers, interrupted and in two processes."""

import os
import pickle
import random
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

import digests
from model_build.aws import code
from prediction import contract, predictor

STEPS = Path(predictor.__file__).parents[1]
ALGORITHMS = STEPS.with_name("algorithms")
GOOD = ["good fine lovely", "fine good great", "lovely great good", "great fine lovely"]
BAD = ["bad awful broken", "awful bad poor", "broken poor bad", "poor awful broken"]
LABELS = ("negative", "positive")
WORDS = sorted({word for text in GOOD + BAD for word in text.split()})
PINS = "transformer-requirements.txt"


def lines(multi_label=False):
    one = [f"__label__positive {text}" for text in GOOD] + [f"__label__negative {text}" for text in BAD]
    both = [f"__label__negative __label__positive {bad} {good}" for bad, good in zip(BAD, GOOD, strict=True)]
    return 8 * (one + both if multi_label else one)


def module(name):
    """A module of the algorithm that needs no PyTorch."""
    spec = spec_from_file_location(f"transformer_{name}", ALGORITHMS / "transformer" / f"{name}.py")
    loaded = module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


batches, weights = module("batches"), module("weights")


def test_pickled_weights_are_refused_by_name(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "pytorch_model.bin").write_bytes(b"weights")
    with pytest.raises(weights.WeightsError, match=r"holds pytorch_model\.bin: pickled files run code"):
        weights.require_safetensors(tmp_path)


def test_a_pickle_under_another_name_is_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(pickle.dumps([1.0]))
    with pytest.raises(weights.WeightsError, match=r"holds model\.safetensors: pickled files"):
        weights.require_safetensors(tmp_path)


def test_a_folder_without_weights_is_refused_naming_what_it_holds(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(weights.WeightsError, match=r"no \*\.safetensors; found config\.json"):
        weights.require_pretrained(tmp_path, "")


def test_a_pretrained_model_that_was_changed_in_s3_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    weights.require_pretrained(tmp_path, digests.of_folder(tmp_path))
    with pytest.raises(weights.WeightsError, match="the recipe names 0000"):
        weights.require_pretrained(tmp_path, "0" * 64)


def test_a_batch_has_texts_of_similar_length_so_that_little_of_it_is_padding():
    lengths = [random.Random(row).choice((4, 8, 60)) for row in range(512)]
    drawn = batches.draw(range(512), lengths, 16, random.Random(1))
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in drawn)
    assert padded < 1.2 * sum(lengths)


def test_every_text_is_in_one_batch_of_an_epoch_and_the_next_epoch_has_other_batches():
    lengths = [row % 7 for row in range(100)]
    orders = [random.Random(seed).sample(range(100), 100) for seed in range(2)]
    first, second = (batches.draw(order, lengths, 8, random.Random(1)) for order in orders)
    for drawn in (first, second):
        assert sorted(row for batch in drawn for row in batch) == list(range(100))
        assert sorted(map(len, drawn)) == [4, *[8] * 12]
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}


def test_short_batches_do_not_all_come_first():
    lengths = list(range(64))
    drawn = batches.draw(range(64), lengths, 4, random.Random(1))
    assert [max(batch) for batch in drawn] != sorted(max(batch) for batch in drawn)


# --- with PyTorch ---


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A tiny BERT with random weights and a vocabulary of the tests' words."""
    torch = pytest.importorskip("torch", reason="torch is not installed: `make extras`")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed: `make extras`")
    folder = tmp_path_factory.mktemp("pretrained")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        hidden_dropout_prob=0.0,
    )
    torch.manual_seed(1)
    transformers.BertModel(config).save_pretrained(folder)
    return folder


@dataclass(frozen=True)
class Trained:
    """A finished training: what it printed, and its folder."""

    printed: str
    folder: Path

    @property
    def artifact(self) -> Path:
        path = self.folder / "model.tar.gz"
        if not path.exists():
            with tarfile.open(path, "w:gz", compresslevel=1) as archive:
                for file in sorted((self.folder / "model").iterdir()):
                    archive.add(file, file.name)
        return path


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The folder of train.py in a job."""
    folder = tmp_path_factory.mktemp("code")
    files = code.algorithm(ALGORITHMS, "transformer", STEPS) | {PINS: (STEPS / PINS).read_bytes()}
    for path, content in files.items():
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def start(pretrained, source):
    """Starts train.py as the image's toolkit does."""

    def start(folder, channel, *options):
        data = folder / "train"
        data.mkdir(exist_ok=True)
        (data / "train.txt").write_text("\n".join(channel) + "\n")
        (folder / "model").mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "OMP_NUM_THREADS": "1",
            "SM_CHANNEL_TRAIN": str(data),
            "SM_CHANNEL_VALIDATION": str(data),
            "SM_CHANNEL_PRETRAINED": str(pretrained),
            "SM_MODEL_DIR": str(folder / "model"),
            "SM_MODULE_DIR": str(source),
        }
        told = ["--labels", " ".join(LABELS), "--checkpoints", str(folder / "checkpoints")]
        rate = ["--learning_rate", "0.03", "--batch_size", "16"]
        return subprocess.Popen(
            [sys.executable, "train.py", *told, *rate, *options],
            cwd=source,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def finished(process, folder):
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    return Trained(printed, folder)


@pytest.fixture(scope="module")
def resumed(start, tmp_path_factory):
    """A training that was killed after its first epoch, and started again."""
    folder = tmp_path_factory.mktemp("resumed")
    process = start(folder, lines(), "--epochs", "3")
    for line in process.stdout:
        # The line comes before the checkpoint is written; the next epoch's comes after.
        if line.startswith("epoch 2"):
            process.kill()
    process.wait()
    process.stdout.close()
    return finished(start(folder, lines(), "--epochs", "3"), folder)


def predict(path, texts, multi_label=False):
    thresholds = dict.fromkeys(LABELS, 0.5) if multi_label else None
    terms = contract.Contract(LABELS, multi_label, thresholds, {}, lambda text, rules: text)
    return predictor.Predictor(path, terms, "candidate").predict(texts, LABELS)


@pytest.mark.slow
def test_an_interrupted_training_resumes_and_ends_as_one_that_was_not(start, resumed, tmp_path):
    assert "Resumed after epoch " in resumed.printed
    straight = finished(start(tmp_path, lines(), "--epochs", "3"), tmp_path)
    assert "Resumed" not in straight.printed
    name = "model/model.safetensors"
    assert (straight.folder / name).read_bytes() == (resumed.folder / name).read_bytes()


@pytest.mark.slow
def test_evaluate_asks_a_transformer_like_every_other_model(resumed):
    found = predict(resumed.artifact, ["bad awful", "good great", ""])
    assert found.probabilities[:2].argmax(axis=1).tolist() == [0, 1]
    assert np.allclose(found.probabilities.sum(axis=1), 1)
    assert found.empty == 1


@pytest.mark.slow
def test_its_artifact_holds_the_libraries_that_it_imports_and_no_pickle(resumed):
    library = resumed.folder / "model" / "code" / "library"
    assert (library / "transformers" / "models" / "bert" / "modeling_bert.py").is_file()
    assert not (library / "transformers" / "models" / "gpt2").exists()
    assert {"tokenizers", "safetensors"} <= {path.name for path in library.iterdir()}
    assert not list((resumed.folder / "model").glob("*.pt"))


@pytest.mark.slow
def test_two_processes_train_one_model_with_labels_that_are_independent(start, tmp_path):
    options = ("--processes", "2", "--accumulate", "2", "--multi_label", "true", "--epochs", "6")
    trained = finished(start(tmp_path, lines(multi_label=True), *options, "--batch_size", "4"), tmp_path)
    assert trained.printed.count("epoch 1:") == 1  # the first process alone reports
    found = predict(trained.artifact, ["bad awful broken good fine lovely"], multi_label=True)
    assert (found.probabilities > 0.5).all()


@pytest.mark.slow
def test_each_of_several_processes_ends_well_whatever_the_interpreters_end_would_do(
    source, pretrained, tmp_path
):
    program = tmp_path / "one_of_two.py"
    program.write_text("""
import atexit, os
from options import Machine
machine = Machine.join(threads=1)
atexit.register(os.abort)
print(f"process {machine.rank} of {machine.processes}")
machine.leave()
""")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", program]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(source)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(f"process {rank} of 2" in done.stdout for rank in (0, 1))


@pytest.mark.slow
def test_training_stops_when_validation_gets_no_better(start, tmp_path):
    stopped = finished(
        start(tmp_path, lines(), "--epochs", "9", "--patience", "1", "--learning_rate", "1e-12"), tmp_path
    )
    assert "epoch 2:" in stopped.printed
    assert "epoch 3:" not in stopped.printed

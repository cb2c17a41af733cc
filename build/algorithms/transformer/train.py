"""Fine-tunes a pretrained transformer for classification, in SageMaker's PyTorch image.

Channels: `pretrained`, the folder of a model in Hugging Face's layout (config.json, a tokenizer, *.safetensors); `train`
and `validation`, labelled lines; `wheels`, what the image lacks. Writes the model of the best epoch, by macro-F1 on
`validation`, and in `code/` what serves it.

After every epoch a checkpoint goes to /opt/ml/checkpoints, from which an interrupted job resumes. On GPUs it computes in
mixed precision, and with several of them in one process for each (DistributedDataParallel). Weights are read and written
as safetensors alone: to read those runs nothing.
"""

from __future__ import annotations

import argparse
import math
import os

# Threads that wait for each other sleep: where others use the cores, too, spinning takes them from those that compute.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import labelled_text
import torch
from checkpoint import Checkpoint
from fine_tuning import Data, Tuner, macro_f1, scores
from options import Machine, parse
from pack import pack
from weights import WeightsError, require_pretrained

import wheels
from failure import StepError

PINS = "transformer-requirements.txt"
SOURCE = Path(os.environ.get("SM_MODULE_DIR", Path(__file__).parent))


def train(options: argparse.Namespace, machine: Machine) -> None:
    """Train, and write the best epoch's model. Raises TrainingDataError, WeightsError or StepError for bad input.

    Raises TrainingDataError where the model diverges, too.
    """
    from transformers import AutoTokenizer

    torch.manual_seed(options.seed)
    pretrained = channel("pretrained")
    require_pretrained(pretrained, options.pretrained_sha256)
    tokenizer = AutoTokenizer.from_pretrained(pretrained, local_files_only=True)
    data = read("train", tokenizer, options, options.max_texts)
    validation = read("validation", tokenizer, options, 0)
    tuner = Tuner(options, machine, classifier(pretrained, options), tokenizer.pad_token_id or 0, data)
    checkpoint = Checkpoint(options.checkpoints, tuner.model, tuner.parts)
    progress = checkpoint.resume()
    while progress.done < options.epochs and progress.since < max(1, options.patience):
        began = time.monotonic()
        loss = tuner.epoch(progress.done + 1)
        if not math.isfinite(loss):
            raise labelled_text.diverged(options.learning_rate)
        logits = scores(tuner.model, validation, tuner.padding, machine.device)
        reached = machine.agreed(macro_f1(logits, validation.truth, options.multi_label))
        progress = progress.after(reached)
        if machine.is_first:
            rate = len(data) / (time.monotonic() - began)
            print(
                f"epoch {progress.done}: train_loss: {loss:.4f}; validation_macro_f1: {reached:.4f}; {rate:.0f} texts/s",
                flush=True,
            )
            checkpoint.save(progress)
    if machine.is_first:
        print(f"#validation_macro_f1: {progress.best:.4f}", flush=True)
        checkpoint.copy_best(options.model_dir)
        tokenizer.save_pretrained(options.model_dir)
        pack(options.model_dir / "code", SOURCE, SOURCE / PINS)


def channel(name: str) -> Path:
    return Path(os.environ.get(f"SM_CHANNEL_{name.upper()}", f"/opt/ml/input/data/{name}"))


def classifier(pretrained: Path, options: argparse.Namespace) -> Any:
    """The pretrained model with a new head, one output for each label."""
    from transformers import AutoModelForSequenceClassification

    names = options.labels.split()
    model = AutoModelForSequenceClassification.from_pretrained(
        pretrained,
        use_safetensors=True,
        local_files_only=True,
        num_labels=len(names),
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
        problem_type="multi_label_classification" if options.multi_label else "single_label_classification",
        ignore_mismatched_sizes=True,
    )
    model.config.max_pieces = options.max_length
    return model


def read(name: str, tokenizer: Any, options: argparse.Namespace, limit: int) -> Data:
    """The examples of a channel, at most `limit` of them, drawn by the seed; 0: all. Raises TrainingDataError."""
    examples = labelled_text.read(name)
    table = torch.tensor(labelled_text.columns(examples, options.labels.split()), dtype=torch.float)
    texts: Sequence[str] = examples.texts
    if limit and limit < len(texts):
        chosen = sorted(random.Random(options.seed).sample(range(len(texts)), limit))
        texts, table = [texts[row] for row in chosen], table[chosen]
    pieces = tokenizer(list(texts), truncation=True, max_length=options.max_length)["input_ids"]
    return Data(pieces, table if options.multi_label else table.argmax(1))


def start_processes(count: int) -> None:
    """Replace this process by torchrun, which starts `count` processes of this script on this machine."""
    words = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={count}", __file__]
    os.execv(sys.executable, [sys.executable, *words, *sys.argv[1:]])


def main() -> None:
    options = parse(__doc__)
    try:
        if "WORLD_SIZE" not in os.environ:
            wheels.install(channel("wheels"), SOURCE / PINS, "transformers")
            if options.processes > 1:
                start_processes(options.processes)
        machine = Machine.join(options.threads)
        train(options, machine)
        machine.leave()
    except (labelled_text.TrainingDataError, WeightsError, StepError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

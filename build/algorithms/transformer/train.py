"""Fine-tunes a pretrained transformer for classification, in SageMaker's PyTorch or Hugging Face image.

Channels: `pretrained`, the folder of a model in Hugging Face's layout (config.json, a tokenizer, *.safetensors); `train`
and `validation`, labelled lines. Writes the model of the best epoch, by macro-F1 on `validation`, and in `code/` the
scripts that serve it.

After every epoch a checkpoint goes to /opt/ml/checkpoints, from which a job that was interrupted goes on. On GPUs it
computes in mixed precision; started once per GPU by torchrun, it trains on all of them (DistributedDataParallel).
Weights are read and written as safetensors alone: reading those runs nothing.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import labelled_text
import torch
from torch.nn.parallel import DistributedDataParallel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from checkpoint import Checkpoint
from weights import PickledWeightsError, require_safetensors

SERVED = ("inference.py", "protocol.py", "weights.py")


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = labelled_text.arguments(__doc__)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--learning_rate", type=float, default=1e-4, help="after the warm-up; it falls to 0 linearly")
    parser.add_argument("--warmup", type=float, default=0.1, help="share of the steps in which the rate rises")
    parser.add_argument("--weight_decay", type=float, default=0.01)
    parser.add_argument("--batch_size", type=int, default=32, help="texts in a step, on each GPU")
    parser.add_argument("--accumulate", type=int, default=1, help="batches whose gradients make one step")
    parser.add_argument("--max_length", type=int, default=64, help="word pieces of a text; what follows is cut off")
    parser.add_argument("--max_texts", type=int, default=0, help="train on so many texts; 0: all")
    parser.add_argument("--patience", type=int, default=2, help="epochs without a better one before it stops")
    parser.add_argument("--threads", type=int, default=0, help="cores to use without a GPU; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    checkpoints = Path(os.environ.get("SM_CHECKPOINT_DIR", "/opt/ml/checkpoints"))
    parser.add_argument("--checkpoints", type=Path, default=checkpoints)
    return parser.parse_args(argv)


@dataclass(frozen=True)
class Machine:
    """Where this process computes: its device, and its place among the processes of the job."""

    device: torch.device
    rank: int
    processes: int

    @classmethod
    def join(cls, threads: int) -> Machine:
        """This process's place; joins the others where torchrun started several."""
        if threads:
            torch.set_num_threads(threads)
        cuda = torch.cuda.is_available()
        processes, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if processes > 1:
            torch.distributed.init_process_group("nccl" if cuda else "gloo")
        return cls(torch.device("cuda", local) if cuda else torch.device("cpu"), rank, processes)

    @property
    def is_first(self) -> bool:
        return self.rank == 0


@dataclass(frozen=True)
class Data:
    """Tokenised texts, and their labels: [texts, labels] floats for several labels, else [texts] class numbers."""

    pieces: list[list[int]]
    truth: torch.Tensor

    def __len__(self) -> int:
        return len(self.pieces)


class Tuner:
    """Fine-tunes `model` on one machine or several."""

    def __init__(self, options: argparse.Namespace, machine: Machine, model: Any, padding: int, train: Data) -> None:
        self.options, self.machine, self.padding, self.train = options, machine, padding, train
        self.model = model.to(machine.device)
        self.parallel = DistributedDataParallel(self.model) if machine.processes > 1 else self.model
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
        )
        batches = math.ceil(len(train) / (options.batch_size * machine.processes))
        steps = options.epochs * math.ceil(batches / options.accumulate)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, _slope(steps, options.warmup))
        self.scaler = torch.amp.GradScaler(enabled=machine.device.type == "cuda")

    def epoch(self, number: int) -> float:
        """Train on every text once, in an order of the epoch's own; returns the mean loss."""
        self.parallel.train()
        losses = []
        batches = list(self._batches(number))
        for index, rows in enumerate(batches, start=1):
            with torch.autocast(self.machine.device.type, enabled=self.machine.device.type == "cuda"):
                loss = self.parallel(**inputs(self.train, rows, self.padding, self.machine.device)).loss
            self.scaler.scale(loss / self.options.accumulate).backward()
            losses.append(float(loss.detach()))
            if index % self.options.accumulate == 0 or index == len(batches):
                self._step()
        return sum(losses) / len(losses)

    def _step(self) -> None:
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.step()

    def _batches(self, number: int) -> Iterator[list[int]]:
        """This process's share of the texts: every process has as many batches, so none waits for ever."""
        order = list(range(len(self.train)))
        random.Random(self.options.seed * 1000 + number).shuffle(order)
        share = math.ceil(len(order) / self.machine.processes)
        order += order[: share * self.machine.processes - len(order)]
        own = order[self.machine.rank :: self.machine.processes]
        size = self.options.batch_size
        yield from (own[start : start + size] for start in range(0, len(own), size))


def inputs(data: Data, rows: Sequence[int], padding: int, device: torch.device) -> dict[str, torch.Tensor]:
    """A batch as the model takes it, padded to its longest text."""
    longest = max(len(data.pieces[row]) for row in rows)
    padded = [data.pieces[row] + [padding] * (longest - len(data.pieces[row])) for row in rows]
    mask = [[1] * len(data.pieces[row]) + [0] * (longest - len(data.pieces[row])) for row in rows]
    return {
        "input_ids": torch.tensor(padded, device=device),
        "attention_mask": torch.tensor(mask, device=device),
        "labels": data.truth[list(rows)].to(device),
    }


@torch.no_grad()
def scores(model: Any, data: Data, padding: int, device: torch.device, size: int = 64) -> torch.Tensor:
    """[texts, labels] logits."""
    model.eval()
    # Texts of one length together: the least padding.
    order = sorted(range(len(data)), key=lambda row: len(data.pieces[row]))
    logits = torch.empty(len(data), model.config.num_labels)
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        batch = inputs(data, rows, padding, device)
        logits[rows] = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.float().cpu()
    return logits


def macro_f1(logits: torch.Tensor, truth: torch.Tensor, multi_label: bool) -> float:
    """The mean F1 over labels; 0 for one that is neither given nor true."""
    if multi_label:
        given, right = logits > 0, truth.bool()
    else:
        given = torch.nn.functional.one_hot(logits.argmax(1), logits.shape[1]).bool()
        right = torch.nn.functional.one_hot(truth, logits.shape[1]).bool()
    hits = (given & right).sum(0).double()
    return float((2 * hits / (given.sum(0) + right.sum(0)).clamp(min=1)).mean())


def tune(options: argparse.Namespace, machine: Machine) -> None:
    """Train, keep the best epoch, and write it. Raises TrainingDataError or PickledWeightsError for bad input."""
    torch.manual_seed(options.seed)
    names = options.labels.split()
    pretrained = Path(os.environ.get("SM_CHANNEL_PRETRAINED", "/opt/ml/input/data/pretrained"))
    require_safetensors(pretrained)
    tokenizer = AutoTokenizer.from_pretrained(pretrained)
    model = AutoModelForSequenceClassification.from_pretrained(
        pretrained,
        use_safetensors=True,
        num_labels=len(names),
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
        problem_type="multi_label_classification" if options.multi_label else "single_label_classification",
        ignore_mismatched_sizes=True,
    )
    train = _data("train", tokenizer, names, options, options.max_texts)
    validation = _data("validation", tokenizer, names, options, 0)
    tuner = Tuner(options, machine, model, tokenizer.pad_token_id or 0, train)
    checkpoint = Checkpoint(options.checkpoints)
    best, since, done = checkpoint.resume(tuner.model, tuner.optimizer, tuner.schedule, tuner.scaler)
    for number in range(done + 1, options.epochs + 1):
        if since >= options.patience:
            break
        began = time.monotonic()
        loss = tuner.epoch(number)
        reached = macro_f1(
            scores(tuner.model, validation, tuner.padding, machine.device), validation.truth, options.multi_label
        )
        best, since = (reached, 0) if reached > best else (best, since + 1)
        if machine.is_first:
            rate = len(train) / (time.monotonic() - began)
            print(f"epoch {number}: train_loss: {loss:.4f}; validation_macro_f1: {reached:.4f}; {rate:.0f} texts/s", flush=True)
            checkpoint.save(tuner.model, tuner.optimizer, tuner.schedule, tuner.scaler, (best, since, number))
    if machine.is_first:
        print(f"#validation_macro_f1: {best:.4f}", flush=True)
        checkpoint.copy_best(options.model_dir)
        tokenizer.save_pretrained(options.model_dir)
        _pack(options)


def _data(channel: str, tokenizer: Any, names: Sequence[str], options: argparse.Namespace, limit: int) -> Data:
    examples = labelled_text.read(channel)
    table = torch.tensor(labelled_text.columns(examples, names), dtype=torch.float)
    texts = examples.texts
    if limit and limit < len(texts):
        chosen = sorted(random.Random(options.seed).sample(range(len(texts)), limit))
        texts, table = [texts[row] for row in chosen], table[chosen]
    pieces = tokenizer(texts, truncation=True, max_length=options.max_length)["input_ids"]
    return Data(pieces, table if options.multi_label else table.argmax(1))


def _slope(steps: int, warmup: float) -> Any:
    """The rate's share at each step: up to 1 linearly, then down to 0."""
    rising = max(1, int(steps * warmup))
    return lambda step: min((step + 1) / rising, max(0.0, (steps - step) / max(1, steps - rising)))


def _pack(options: argparse.Namespace) -> None:
    code = options.model_dir / "code"
    code.mkdir(parents=True, exist_ok=True)
    for name in SERVED:
        shutil.copy2(Path(os.environ.get("SM_MODULE_DIR", Path(__file__).parent), name), code / name)


def main() -> None:
    options = parse()
    try:
        tune(options, Machine.join(options.threads))
    except (labelled_text.TrainingDataError, PickledWeightsError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

"""One epoch of fine-tuning, and the figure that it is judged by."""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import batches
import torch
from options import Machine
from torch.nn.parallel import DistributedDataParallel

_LARGEST_GRADIENT = 1.0


@dataclass(frozen=True)
class Data:
    """Tokenised texts, and their labels: [texts, labels] floats for several labels, else [texts] class numbers."""

    pieces: list[list[int]]
    truth: torch.Tensor

    def __len__(self) -> int:
        return len(self.pieces)


class Tuner:
    """Fine-tunes `model` by AdamW, with a rate that rises and falls linearly, in one process or several."""

    def __init__(
        self, options: argparse.Namespace, machine: Machine, model: Any, padding: int, train: Data
    ) -> None:
        self.options, self.machine, self.padding, self.train = options, machine, padding, train
        self.model = model.to(machine.device)
        self.parallel = DistributedDataParallel(self.model) if machine.processes > 1 else self.model
        # Fused: one pass over the weights for each step, and not one for each of its operations.
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay, fused=True
        )
        each_epoch = math.ceil(len(train) / (options.batch_size * machine.processes))
        steps = options.epochs * math.ceil(each_epoch / options.accumulate)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, slope(steps, options.warmup))
        self._is_mixed = machine.device.type == "cuda"
        self.scaler = torch.amp.GradScaler(machine.device.type, enabled=self._is_mixed)

    @property
    def parts(self) -> dict[str, Any]:
        """The parts of a checkpoint beside the model."""
        return {"optimizer": self.optimizer, "schedule": self.schedule, "scaler": self.scaler}

    def epoch(self, number: int) -> float:
        """Train on every text once, in an order of the epoch's own; returns the mean loss."""
        self.parallel.train()
        # Dropout of the epoch's own, too: a job that resumes draws what one that was never interrupted draws.
        torch.manual_seed(self.options.seed * 1000 + number)
        losses = []
        drawn = self._batches(number)
        for index, rows in enumerate(drawn, start=1):
            with torch.autocast(self.machine.device.type, enabled=self._is_mixed):
                loss = self.parallel(**inputs(self.train, rows, self.padding, self.machine.device)).loss
            self.scaler.scale(loss / self.options.accumulate).backward()
            losses.append(float(loss.detach()))
            if index % self.options.accumulate == 0 or index == len(drawn):
                self._step()
        return sum(losses) / len(losses)

    def _step(self) -> None:
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _LARGEST_GRADIENT)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.step()

    def _batches(self, number: int) -> list[list[int]]:
        """This process's share of the texts: each process has as many batches, so none waits for another for ever."""
        chance = random.Random(self.options.seed * 1000 + number)
        order = list(range(len(self.train)))
        chance.shuffle(order)
        share = math.ceil(len(order) / self.machine.processes)
        order += order[: share * self.machine.processes - len(order)]
        own = order[self.machine.rank :: self.machine.processes]
        lengths = [len(pieces) for pieces in self.train.pieces]
        return batches.draw(own, lengths, self.options.batch_size, chance)


def slope(steps: int, warmup: float) -> Callable[[int], float]:
    """The rate's share at each step: up to 1 linearly, then down to 0."""
    rising = max(1, int(steps * warmup))
    return lambda step: min((step + 1) / rising, max(0.0, (steps - step) / max(1, steps - rising)))


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
    # Texts of similar length together: the least padding.
    order = sorted(range(len(data)), key=lambda row: len(data.pieces[row]))
    logits = torch.empty(len(data), model.config.num_labels)
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        batch = inputs(data, rows, padding, device)
        found = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        logits[rows] = found.float().cpu()
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

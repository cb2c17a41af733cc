"""The options of train.py, and where the process computes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import labelled_text
import torch


def parse(description: str | None, argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = labelled_text.arguments(description)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument(
        "--learning_rate", type=float, default=1e-4, help="after the warm-up; it falls to 0 linearly"
    )
    parser.add_argument(
        "--warmup", type=float, default=0.1, help="share of the steps in which the rate rises"
    )
    parser.add_argument("--weight_decay", type=float, default=0.01)
    parser.add_argument("--batch_size", type=int, default=32, help="texts in a batch, on each GPU")
    parser.add_argument("--accumulate", type=int, default=1, help="batches whose gradients make one step")
    parser.add_argument(
        "--max_length", type=int, default=64, help="word pieces of a text; what follows is cut off"
    )
    parser.add_argument("--max_texts", type=int, default=0, help="train on so many texts; 0: all")
    parser.add_argument("--patience", type=int, default=2, help="epochs without a better one before it stops")
    parser.add_argument("--threads", type=int, default=0, help="cores to use without a GPU; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--processes", type=int, default=max(1, torch.cuda.device_count()), help="one for each GPU"
    )
    parser.add_argument("--pretrained_sha256", default="", help="the hash of the channel pretrained")
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
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
        if cuda:
            torch.cuda.set_device(device)
        if processes > 1:
            torch.distributed.init_process_group("nccl" if cuda else "gloo")
        return cls(device, rank, processes)

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def agreed(self, figure: float) -> float:
        """The first process's figure, for all of them: rounding may differ, and they must decide alike."""
        if self.processes == 1:
            return figure
        shared = torch.tensor([figure], dtype=torch.float64, device=self.device)
        torch.distributed.broadcast(shared, 0)
        return float(shared)

    def leave(self) -> None:
        """End this process with its work done, if it is one of several.

        Python's own end would abort some of them: threads of PyTorch may still ask for the interpreter then.
        """
        if self.processes > 1:
            torch.distributed.destroy_process_group()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)

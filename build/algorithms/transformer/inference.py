"""Serves the model that train.py wrote: the four functions that the SageMaker inference toolkit calls."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import protocol
import torch
from weights import require_safetensors

# Behind what the image has: its own versions come first.
LIBRARY = str(Path(__file__).resolve().parent / "library")
if LIBRARY not in sys.path:
    sys.path.append(LIBRARY)

BATCH = 32


class Classifier:
    """A fine-tuned model with its tokenizer. Raises WeightsError for weights that are not safetensors."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        require_safetensors(folder)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = AutoModelForSequenceClassification.from_pretrained(
            folder, use_safetensors=True, local_files_only=True
        )
        self._model.to(self._device).eval()
        config = self._model.config
        self.labels = [config.id2label[index] for index in range(len(config.id2label))]
        self._independent = config.problem_type == "multi_label_classification"
        self._longest = min(config.max_pieces, config.max_position_embeddings)

    @torch.inference_mode()
    def scores(self, texts: Sequence[str]) -> list[list[float]]:
        """[texts, labels] probabilities; those of a text add up to 1 unless labels are independent."""
        rows: list[list[float]] = [[] for _ in texts]
        # Texts of similar length together: the least padding.
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            batch = self._tokenizer(
                [texts[row] for row in chosen],
                padding=True,
                truncation=True,
                max_length=self._longest,
                return_tensors="pt",
            ).to(self._device)
            logits = self._model(**batch).logits.float()
            found = (logits.sigmoid() if self._independent else logits.softmax(1)).cpu().tolist()
            for row, scores in zip(chosen, found):
                rows[row] = scores
        return rows


def model_fn(model_dir: str) -> Classifier:
    """Load the model, once for each worker."""
    return Classifier(Path(model_dir))


def input_fn(body: bytes | str, content_type: str) -> list[protocol.Query]:
    """The texts of a request."""
    return protocol.queries(body, content_type)


def predict_fn(asked: Sequence[protocol.Query], model: Classifier) -> list[dict[str, Any]]:
    """The best labels of each text."""
    return protocol.answers(asked, model.labels, model.scores([query.text for query in asked]))


def output_fn(answered: Sequence[dict[str, Any]], accept: str) -> tuple[str, str]:
    """The response in the accepted format."""
    return protocol.body(answered, accept)

"""Serves the model that train.py wrote: the four functions that the SageMaker inference toolkit calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import protocol
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from weights import require_safetensors

BATCH = 32
LONGEST = 512


class Classifier:
    """A fine-tuned model with its tokenizer. Raises PickledWeightsError for weights that are no safetensors."""

    def __init__(self, folder: Path) -> None:
        require_safetensors(folder)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModelForSequenceClassification.from_pretrained(folder, use_safetensors=True)
        self._model.to(self._device).eval()
        names = self._model.config.id2label
        self.labels = [names[index] for index in range(len(names))]
        self._independent = self._model.config.problem_type == "multi_label_classification"
        self._longest = min(LONGEST, self._model.config.max_position_embeddings)

    @torch.inference_mode()
    def scores(self, texts: Sequence[str]) -> list[list[float]]:
        """[texts, labels] probabilities; those of a text add up to 1 unless labels are independent."""
        rows: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            batch = self._tokenizer(
                list(texts[start : start + BATCH]),
                padding=True,
                truncation=True,
                max_length=self._longest,
                return_tensors="pt",
            ).to(self._device)
            logits = self._model(**batch).logits.float()
            rows += (logits.sigmoid() if self._independent else logits.softmax(1)).cpu().tolist()
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

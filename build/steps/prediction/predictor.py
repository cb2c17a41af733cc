"""A model behind its serving contract: raw texts in, a probability for each label out.

An artifact with a serving script, `code/inference.py`, is asked through that script (`scripted`); any other one is a
fastText model, which BlazingText writes, too.
"""

from __future__ import annotations

import gzip
import importlib
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import copyfileobj
from typing import Any

from failure import StepError
from prediction import predictions, scripted
from prediction.contract import Contract
from prediction.predictions import Predictions

ARTIFACT = "model.tar.gz"
MODEL = "model.bin"
_PREFIX = "__label__"
_BATCH = 1024
_BLOCK = 1 << 20


class Predictor:
    """The model of one artifact, answering under one contract.

    `owner` says in messages whose it is. Raises StepError when the artifact is missing, damaged, without a model, or
    knows a label that its contract does not.
    """

    def __init__(self, artifact: Path, contract: Contract, owner: str) -> None:
        self._contract, self._owner = contract, owner
        self._scripted = scripted.load(artifact, owner) if scripted.is_scripted(artifact) else None
        self._model: Any = None if self._scripted else _load(artifact, owner)
        if self._model is not None:
            model_labels = self._model.get_labels()
            if not all(label.startswith(_PREFIX) for label in model_labels):
                raise StepError(
                    f"The {owner}'s {MODEL} is not a classifier: it knows words, and no {_PREFIX}..."
                )
            self._require_labels(MODEL, {label[len(_PREFIX) :] for label in model_labels})

    def predict(self, texts: Sequence[str], labels: Sequence[str]) -> Predictions:
        """Probabilities of `labels`, which are the contract's in any order, for each raw text.

        A label that the model never saw in training has probability 0.
        """
        return self.predict_lines([self._contract.tokens(text) for text in texts], labels)

    def predict_lines(self, lines: Sequence[str], labels: Sequence[str]) -> Predictions:
        """Probabilities of `labels` for texts that are tokens already, as Prepare writes them for training."""
        answers = self._answers([line for line in lines if line])
        return predictions.of(lines, answers, labels, multi_label=self._contract.multi_label)

    def _answers(self, lines: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[float]]]:
        """The labels of each line, and their probabilities."""
        if self._scripted is not None:
            answers = self._scripted.ask(lines, len(self._contract.labels), self._contract.serving)
            self._require_labels(scripted.SCRIPT, {label for answer in answers for label in answer.labels})
            yield from ((answer.labels, answer.scores) for answer in answers)
            return
        for start in range(0, len(lines), _BATCH):
            for names, values in zip(*self._model.predict(list(lines[start : start + _BATCH]), k=-1)):
                yield [name[len(_PREFIX) :] for name in names], list(values)

    def _require_labels(self, answerer: str, model_labels: set[str]) -> None:
        strange = sorted(model_labels - set(self._contract.labels))
        if strange:
            raise StepError(
                f"The {self._owner}'s {answerer} and its contract do not belong together: the model answers "
                f"{', '.join(strange[:8])}, the contract knows only {', '.join(self._contract.labels[:8])}."
            )


def _load(artifact: Path, owner: str) -> Any:
    fasttext = importlib.import_module("fasttext")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, MODEL)
        _unpack(artifact, path, owner)
        try:
            return fasttext.load_model(str(path))
        except ValueError as error:
            raise StepError(f"The {owner}'s {MODEL} is not a fastText model: {error}") from error


def _unpack(artifact: Path, target: Path, owner: str) -> None:
    """Write the archive's model to `target`. Nothing else is unpacked, so no name in it can point elsewhere.

    One pass: a model can take a gigabyte. It goes to the end, where the archive's checksum is.
    """
    held = []
    try:
        with gzip.open(artifact) as unzipped:
            with tarfile.open(fileobj=unzipped, mode="r|", bufsize=_BLOCK) as archive:
                for member in archive:
                    held.append(member.name[2:] if member.name.startswith("./") else member.name)
                    content = archive.extractfile(member) if held[-1] == MODEL and member.isfile() else None
                    if content is not None:
                        with target.open("wb") as file:
                            copyfileobj(content, file, _BLOCK)
            while unzipped.read(_BLOCK):
                pass
    except FileNotFoundError as error:
        raise StepError(f"There is no model of the {owner}: {artifact} does not exist.") from error
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise StepError(
            f"The {owner}'s {artifact} is damaged, or not a gzipped tar file: {error}."
        ) from error
    if not target.is_file():
        raise StepError(
            f"The {owner}'s {artifact} has no {MODEL}; it holds {', '.join(held[:8]) or 'nothing'}."
        )

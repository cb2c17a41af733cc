"""A model with its own serving script. It is called through that script, as an endpoint calls it.

Each model has a process of its own, so that two of them can have modules of the same names, and without the job's
credentials: a script needs its artifact and nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from failure import StepError
from prediction import ask_script
from prediction.serving import Serving

SCRIPT = "code/inference.py"
TIMEOUT_SECONDS = 1800
_BATCH = 256


@dataclass(frozen=True)
class Answer:
    """The labels of one text, and their scores."""

    labels: list[str]
    scores: list[float]


def is_scripted(artifact: Path) -> bool:
    """Whether the archive holds a serving script. False for what is not an archive: whoever loads it says so."""
    try:
        with tarfile.open(artifact, "r:gz") as archive:
            return any(_name(member) == SCRIPT for member in archive)
    except (OSError, EOFError, tarfile.TarError, zlib.error):
        return False


def load(artifact: Path, owner: str) -> ScriptedModel:
    """The model of an archive for which `is_scripted` is true. Raises StepError when it cannot be unpacked."""
    folder = Path(tempfile.mkdtemp(prefix="model-"))
    try:
        with tarfile.open(artifact, "r:gz") as archive:
            for member in archive:
                name = PurePosixPath(_name(member))
                content = archive.extractfile(member) if member.isfile() else None
                if content is None or name.is_absolute() or ".." in name.parts:
                    continue
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
        _refuse_pickles(folder, owner)
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise StepError(f"The {owner}'s {artifact} is damaged: {error}.") from error
    except StepError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return ScriptedModel(folder, owner)


def _refuse_pickles(folder: Path, owner: str) -> None:
    """Raises StepError for a pickled object: whoever loads it runs what it says. torch.save writes them into a zip."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and _is_pickle(path):
            raise StepError(
                f"The {owner}'s artifact holds a pickle, {path.relative_to(folder)}: to load it is to run what it says. Nothing "
                "of it was loaded. Save weights as safetensors, or as arrays and JSON, as algorithms/tfidf does."
            )


# algorithms/transformer/weights.py checks the first bytes, too. It travels with the model and has to run alone there.
def _is_pickle(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(2)
    if len(start) == 2 and start[0] == 0x80 and 2 <= start[1] <= 5:
        return True
    if start != b"PK" or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as zipped:
        return any(name.endswith((".pkl", ".pickle")) for name in zipped.namelist())


class ScriptedModel:
    """An unpacked model. Its folder is removed with it."""

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder, self._owner = folder, owner
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def ask(self, texts: Sequence[str], k: int, serving: Serving) -> list[Answer]:
        """The `k` best labels of each text. Raises StepError when the script fails, hangs or answers something else."""
        if not texts:
            return []
        with tempfile.TemporaryDirectory(prefix="asked-") as exchange:
            asked, answered = Path(exchange, "asked.json"), Path(exchange, "answered.json")
            batches = (texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH))
            requests = [serving.request(batch, k) for batch in batches]
            asked.write_text(json.dumps(requests), encoding="utf-8")
            self._run(asked, answered)
            answers = _parsed(answered, serving, self._owner)
        if len(answers) != len(texts):
            raise StepError(
                f"The {self._owner}'s {SCRIPT} was given {len(texts)} texts and answered {len(answers)}."
            )
        return answers

    def _run(self, asked: Path, answered: Path) -> None:
        command = [
            sys.executable,
            "-s",
            str(Path(ask_script.__file__)),
            str(self._folder),
            str(asked),
            str(answered),
        ]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=TIMEOUT_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise StepError(
                f"The {self._owner}'s {SCRIPT} did not answer the holdout within {TIMEOUT_SECONDS} s."
            ) from error
        if done.returncode:
            print(done.stdout, end="")
            last = next(
                (line for line in reversed(done.stdout.splitlines()) if line.strip()), "it said nothing"
            )
            raise StepError(
                f"The {self._owner}'s {SCRIPT} failed: {last} The job's log has all that it said."
            )


def _parsed(path: Path, serving: Serving, owner: str) -> list[Answer]:
    try:
        responses: list[str] = json.loads(path.read_text(encoding="utf-8"))
        answers = [Answer(*serving.answer(entry)) for response in responses for entry in json.loads(response)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StepError(
            f"The {owner}'s {SCRIPT} answered something else than a list of "
            f'{{"{serving.labels}": [...], "{serving.scores}": [...]}} ({type(error).__name__}: {error}).'
        ) from error
    for answer in answers:
        wrong = [score for score in answer.scores if not 0.0 <= score <= 1.0001]
        if wrong:
            raise StepError(
                f"The {owner}'s {SCRIPT} answered the score {wrong[0]}; expected a score from 0 to 1 for each label."
            )
    return answers


def _name(member: tarfile.TarInfo) -> str:
    return member.name[2:] if member.name.startswith("./") else member.name

"""The Evaluate step as SageMaker runs it: a program, folders in, files out."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import fasttext
import pytest

import digests
import evaluate
import failure

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/reviews/7"
LABELS = ("negative", "positive")
GOOD, BAD = "lovely soft dress fits well", "awful scratchy dress fell apart"
# Lower case is this contract's only rule, and without it no word below is known to the model.
TEXT_RULES = "def tokenise(text, rules):\n    return ' '.join((text.lower() if rules['lowercase'] else text).split())\n"
HOLDOUT = [
    {"text": "LOVELY soft\ndress", "labels": ["positive"]},
    {"text": "Fits well", "labels": ["positive"]},
    {"text": "Awful dress", "labels": ["negative"]},
    {"text": "Scratchy, \ud83d\ude21 fell apart", "labels": ["negative"]},
]


@pytest.fixture(scope="session")
def artifact(tmp_path_factory):
    """A model that knows good from bad, as BlazingText packs it."""
    return _packed(tmp_path_factory.mktemp("good"), {"positive": GOOD, "negative": BAD})


@pytest.fixture(scope="session")
def wrong_artifact(tmp_path_factory):
    """A model that has learned the opposite."""
    return _packed(tmp_path_factory.mktemp("wrong"), {"positive": BAD, "negative": GOOD})


class Job:
    """The folders of one Evaluate job; a candidate that is alone and right, unless the test says otherwise."""

    ARN, LABELS, HOLDOUT, TEXT_RULES = ARN, LABELS, HOLDOUT, TEXT_RULES

    def __init__(self, root: Path, artifact: Path) -> None:
        self.root = root
        self.champion_arn = self.force_reason = "none"
        self.sha256: dict[str, str] = {}
        self.put("candidate/model.tar.gz", artifact.read_bytes())
        self.put("champion/placeholder", "there is no champion")
        self.put("champion-contract/placeholder", "there is no champion")
        self.contract("candidate-contract")
        self.holdout(HOLDOUT)
        self.config()

    def put(self, name: str, content: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def archive(self, name: str, files: dict[str, bytes]) -> None:
        _archive(self.root / name, files)

    def contract(self, folder, labels=LABELS, multi_label=False, threshold=None, lowercase=True):
        self.put(f"{folder}/text_rules.py", TEXT_RULES)
        document = {"version": 1, "recipe": "reviews", "labels": labels, "multi_label": multi_label}
        document |= {"threshold": threshold, "text_rules": {"lowercase": lowercase}}
        self.put(f"{folder}/contract.json", json.dumps(document))

    def champion(self, artifact: Path, **contract) -> None:
        self.champion_arn = ARN
        self.put("champion/model.tar.gz", artifact.read_bytes())
        self.contract("champion-contract", **contract)

    def holdout(self, examples) -> None:
        self.put("holdout/holdout.jsonl", "".join(json.dumps(example) + "\n" for example in examples))

    def config(self, labels=LABELS, multi_label=False, metric="accuracy", minimum=0.9, threshold=0.5) -> None:
        gate = {"metric": metric, "minimum": minimum, "max_regression": 0.0}
        document = {"recipe": "reviews", "gate": gate, "labels": labels, "multi_label": multi_label}
        document |= {"bootstrap_samples": 100, "confidence": 0.9, "none": None, "threshold": threshold}
        self.put("code/evaluate.json", json.dumps(document | {"seed": 0}))

    def labels(self, *names: str) -> None:
        self.config(labels=names)
        self.contract("candidate-contract", labels=names)
        self.holdout([{"text": "a", "labels": [name]} for name in names])

    def arguments(self) -> list[str]:
        folders = (
            "holdout",
            "validation",
            "defaults",
            "candidate",
            "candidate-contract",
            "champion",
            "champion-contract",
            "wheels",
            "output",
        )
        given = {name: str(self.root / name) for name in folders}
        given |= {"config": str(self.root / "code/evaluate.json"), "message": str(self.root / "message")}
        given |= {"champion-arn": self.champion_arn, "force-reason": self.force_reason}
        for name in ("candidate-contract", "champion-contract"):
            given[f"{name}-sha256"] = self.sha256.get(name) or digests.of_folder(self.root / name)
        given |= {"champion-sha256": self.sha256.get("champion", "none")}
        return [part for name, value in given.items() for part in (f"--{name}", value)]

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, evaluate.__file__, *self.arguments()],
            capture_output=True,
            text=True,
            check=False,
            env=dict(os.environ) | environment,
        )

    def evaluated(self):
        """The report of a run within this process, which saves starting one."""
        evaluate.evaluate(evaluate.arguments(self.arguments()))
        return self.report()

    def refused(self) -> str:
        """The message of a run within this process that fails."""
        options = evaluate.arguments(self.arguments())
        with pytest.raises(SystemExit), failure.reported(options.message):
            evaluate.evaluate(options)
        return options.message.read_text("utf-8")

    def report(self):
        return json.loads((self.root / "output/evaluation/evaluation.json").read_text("utf-8"))


@pytest.fixture
def job(tmp_path, artifact):
    return Job(tmp_path, artifact)


def _packed(folder, lines):
    (folder / "train.txt").write_text(
        "".join(f"__label__{label} {text}\n" for label, text in lines.items()) * 50
    )
    model = fasttext.train_supervised(
        str(folder / "train.txt"), thread=1, dim=4, epoch=20, lr=0.5, minCount=1, bucket=0, verbose=0
    )
    model.save_model(str(folder / "model.bin"))
    return _archive(folder / "model.tar.gz", {"model.bin": (folder / "model.bin").read_bytes()})


def _archive(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path

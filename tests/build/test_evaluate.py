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
from failure import StepError

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


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    """A model that knows good from bad, as BlazingText packs it."""
    return _packed(tmp_path_factory.mktemp("good"), {"positive": GOOD, "negative": BAD})


@pytest.fixture(scope="module")
def wrong_artifact(tmp_path_factory):
    """A model that has learned the opposite."""
    return _packed(tmp_path_factory.mktemp("wrong"), {"positive": BAD, "negative": GOOD})


class Job:
    """The folders of one Evaluate job; a candidate that is alone and right, unless the test says otherwise."""

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


def test_a_first_model_is_measured_and_passes(job):
    result = job.run()

    assert result.returncode == 0, result.stderr
    report = job.report()
    assert report["recipe"] == "reviews"
    assert report["holdout"] == {"rows": 4, "labels": {"negative": 2, "positive": 2}}
    assert report["candidate"]["metrics"]["accuracy"] == 1.0
    assert report["candidate"]["per_class"]["positive"]["support"] == 2
    assert report["candidate"]["confusion_matrix"] == [[2, 0], [0, 2]]
    assert (report["champion"], report["comparison"]) == (None, None)
    assert report["gate"] == {
        "passed": True,
        "reason": "accuracy 1.000 reaches the minimum of 0.900, and there is no champion to compare with.",
        "forced": False,
        "metric": "accuracy",
        "candidate": 1.0,
        "champion": None,
        "minimum": 0.9,
        "max_regression": 0.0,
    }
    assert "Gate passed: accuracy 1.000" in result.stdout
    quality = json.loads((job.root / "output/evaluation/model_quality.json").read_text())
    assert quality["multiclass_classification_metrics"]["accuracy"]["value"] == 1.0


def test_a_refusal_is_a_result(job, wrong_artifact):
    job.put("candidate/model.tar.gz", wrong_artifact.read_bytes())

    result = job.run()

    assert result.returncode == 0, result.stderr
    assert job.report()["gate"]["passed"] is False
    assert not (job.root / "message").exists()


def test_a_failure_leaves_its_reason_as_the_jobs_message(job):
    (job.root / "candidate/model.tar.gz").unlink()

    result = job.run()

    assert result.returncode == 1
    message = (job.root / "message").read_text()
    assert message.startswith("There is no model of the candidate")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_an_image_without_fasttext_and_an_archive_without_wheels_is_a_clear_failure(job, tmp_path):
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare/fasttext.py").write_text("raise ImportError('not in this image')")

    result = job.run(PYTHONPATH=str(tmp_path / "bare"))

    assert result.returncode == 1
    assert "fasttext is not in this image, and there is no" in (tmp_path / "message").read_text()


def test_a_better_champion_makes_the_gate_refuse(job, artifact, wrong_artifact):
    job.config(minimum=0.0)
    job.put("candidate/model.tar.gz", wrong_artifact.read_bytes())
    job.champion(artifact)

    report = job.evaluated()

    assert report["champion"]["arn"] == ARN
    assert report["champion"]["metrics"]["accuracy"] == 1.0
    assert report["comparison"] == {
        "metric": "accuracy",
        "difference": -1.0,
        "interval": [-1.0, -1.0],
        "confidence": 0.9,
        "samples": 100,
    }
    assert report["gate"]["passed"] is False
    assert (report["gate"]["candidate"], report["gate"]["champion"]) == (0.0, 1.0)


def test_a_worse_champion_is_beaten(job, wrong_artifact):
    job.champion(wrong_artifact)

    assert job.evaluated()["gate"]["reason"].endswith("beats the champion's 0.000.")


def test_a_model_ties_with_itself(job, artifact):
    job.champion(artifact)

    report = job.evaluated()

    assert report["gate"]["passed"] is True
    assert report["comparison"]["interval"] == [0.0, 0.0]
    same = {**report["candidate"], "arn": None}
    assert same.pop("artifact") == {"sha256": digests.of_file(artifact), "version": "none"}
    assert {**report["champion"], "arn": None} == same


def test_each_model_reads_the_texts_by_its_own_rules(job, artifact):
    job.champion(artifact, lowercase=False)
    job.holdout([{"text": "LOVELY AWFUL", "labels": ["positive"]}, {"text": "awful", "labels": ["negative"]}])

    report = job.evaluated()

    assert report["candidate"]["calibration"] != report["champion"]["calibration"]


def test_a_champion_that_lists_its_labels_in_another_order_is_compared(job, artifact):
    job.champion(artifact, labels=LABELS[::-1])

    assert job.evaluated()["champion"]["confusion_matrix"] == [[2, 0], [0, 2]]


def test_a_champion_with_other_labels_is_refused_without_being_measured(job, artifact):
    job.champion(artifact, labels=("negative", "neutral", "positive"))

    report = job.evaluated()

    assert report["gate"]["passed"] is False
    assert "only the champion knows neutral" in report["gate"]["reason"]
    assert report["champion"]["labels"] == ["negative", "neutral", "positive"]
    assert report["champion"]["metrics"] == {}
    assert report["comparison"] is None


def test_force_is_recorded(job, wrong_artifact):
    job.put("candidate/model.tar.gz", wrong_artifact.read_bytes())
    job.force_reason = "demonstration"

    verdict = job.evaluated()["gate"]

    assert (verdict["passed"], verdict["forced"]) == (True, True)
    assert verdict["reason"].startswith("Forced: demonstration. The gate had refused:")


def test_several_labels_per_text(job):
    job.config(multi_label=True, metric="micro_f1", minimum=0.5)
    job.contract("candidate-contract", multi_label=True, threshold=0.3)
    job.holdout([*HOLDOUT, {"text": "", "labels": []}])

    report = job.evaluated()

    assert report["multi_label"] is True
    assert report["candidate"]["metrics"]["precision_at_1"] == 0.8
    assert report["candidate"]["metrics"]["micro_f1"] == 1.0
    assert report["candidate"]["confusion_matrix"] is None
    assert report["candidate"]["empty_texts"] == 1


VALIDATION = (
    "__label__positive lovely soft dress\n__label__positive fits\n"
    "__label__negative awful\n__label__positive __label__negative lovely dress apart\n"
)


@pytest.fixture
def choosing(job):
    """A job that chooses the thresholds of its candidate."""
    job.config(multi_label=True, metric="micro_f1", minimum=0.1, threshold="best_f1")
    document = {"version": 2, "recipe": "reviews", "labels": LABELS, "multi_label": True}
    serving = {
        "request": {"texts": "instances", "count": "configuration.k"},
        "line": {"text": "source", "count": "k"},
        "answer": {"labels": "label", "scores": "prob", "prefix": "__label__"},
    }
    document |= {
        "thresholds": dict.fromkeys(LABELS, 0.5),
        "text_rules": {"lowercase": True},
        "serving": serving,
    }
    job.put("candidate-contract/contract.json", json.dumps(document))
    job.put("candidate-contract/text_rules.py", TEXT_RULES)
    job.put("validation/part-0.txt", VALIDATION)
    return job


def test_thresholds_are_chosen_on_validation_and_stored_in_the_contract_of_the_candidate(choosing):
    job = choosing
    found = job.evaluated()["candidate"]["contract"]

    folder = job.root / "output/contract"
    written = json.loads((folder / "contract.json").read_text())
    assert found["sha256"] == digests.of_folder(folder)
    assert written["thresholds"] == found["thresholds"] != dict.fromkeys(LABELS, 0.5)
    before = json.loads((job.root / "candidate-contract/contract.json").read_text())
    assert {**written, "thresholds": None} == {**before, "thresholds": None}
    assert (folder / "text_rules.py").read_text() == TEXT_RULES


def test_the_holdout_does_not_decide_on_thresholds(choosing):
    first = choosing.evaluated()["candidate"]["contract"]["thresholds"]
    choosing.holdout([{"text": "fits", "labels": list(LABELS)}, {"text": "awful", "labels": ["positive"]}])

    assert choosing.evaluated()["candidate"]["contract"]["thresholds"] == first


def test_without_a_text_in_validation_no_threshold_can_be_chosen(choosing):
    choosing.put("validation/part-0.txt", "")

    with pytest.raises(StepError, match=r"validation is empty: .*larger split\.validation"):
        choosing.evaluated()


def test_the_model_with_the_recipes_own_hyperparameters_is_measured_beside_the_one_of_a_search(
    job, wrong_artifact
):
    job.put("defaults/model.tar.gz", wrong_artifact.read_bytes())

    found = job.evaluated()

    assert found["defaults"]["metrics"]["accuracy"] == 0.0
    assert found["defaults"]["comparison"]["difference"] == 1.0
    assert found["candidate"]["metrics"]["accuracy"] == 1.0
    assert found["gate"]["champion"] is None


def test_the_candidates_metric_has_an_interval_without_a_champion(job):
    found = job.evaluated()["interval"]

    assert found == {"metric": "accuracy", "interval": [1.0, 1.0], "confidence": 0.9, "samples": 100}


def test_the_same_inputs_give_the_same_bytes(job, wrong_artifact):
    job.champion(wrong_artifact)
    job.evaluated()
    outputs = sorted((job.root / "output/evaluation").iterdir())
    first = [path.read_bytes() for path in outputs]

    job.evaluated()

    assert [path.read_bytes() for path in outputs] == first


def _cut(job, name):
    content = (job.root / name).read_bytes()
    job.put(name, content[: len(content) // 2])


def _flip(job, name):
    content = bytearray((job.root / name).read_bytes())
    content[-6] ^= 1  # in the checksum, where nothing but checking it can notice
    job.put(name, bytes(content))


def _remove(job, name):
    (job.root / name).unlink()


BAD_INPUTS = {
    "no artifact": (
        lambda job: _remove(job, "candidate/model.tar.gz"),
        r"There is no model of the candidate: .*model\.tar\.gz does not exist",
    ),
    "truncated artifact": (
        lambda job: _cut(job, "candidate/model.tar.gz"),
        r"The candidate's .*model\.tar\.gz is damaged, or not a gzipped tar file",
    ),
    "artifact with a flipped bit": (
        lambda job: _flip(job, "candidate/model.tar.gz"),
        r"The candidate's .*model\.tar\.gz is damaged, or not a gzipped tar file",
    ),
    "artifact that is no archive": (
        lambda job: job.put("candidate/model.tar.gz", "<html>"),
        r"is damaged, or not a gzipped tar file",
    ),
    "artifact without a model": (
        lambda job: _archive(job.root / "candidate/model.tar.gz", {"model.onnx": b"..."}),
        r"The candidate's .*model\.tar\.gz has no model\.bin; it holds model\.onnx",
    ),
    "model outside of the archive": (
        lambda job: _archive(job.root / "candidate/model.tar.gz", {"../model.bin": b"..."}),
        r"has no model\.bin; it holds \.\./model\.bin",
    ),
    "model.bin that fastText cannot read": (
        lambda job: _archive(job.root / "candidate/model.tar.gz", {"model.bin": b"not a model at all"}),
        r"The candidate's model\.bin is not a fastText model: .*wrong file format",
    ),
    "no contract": (
        lambda job: _remove(job, "candidate-contract/contract.json"),
        r"The candidate has no contract: there is no .*contract\.json",
    ),
    "contract that is not JSON": (
        lambda job: job.put("candidate-contract/contract.json", "{"),
        r"The candidate's contract .*contract\.json is not JSON",
    ),
    "contract without labels": (
        lambda job: job.put("candidate-contract/contract.json", '{"version": 1, "multi_label": false}'),
        r"The candidate's contract\.json is no contract \(KeyError: 'labels'\)",
    ),
    "contract of a later version": (
        lambda job: job.put("candidate-contract/contract.json", '{"version": 3}'),
        r"contract has version 3; this step reads the versions 1 and 2",
    ),
    "contract without text rules": (
        lambda job: _remove(job, "candidate-contract/text_rules.py"),
        r"The candidate's contract is not complete: there is no .*text_rules\.py",
    ),
    "text rules that do not run": (
        lambda job: job.put("candidate-contract/text_rules.py", "def tokenize(text): ..."),
        r"text_rules\.py cannot be used \(AttributeError: .*tokenise",
    ),
    "contract and recipe that disagree": (
        lambda job: job.contract("candidate-contract", labels=("bad", "good")),
        r"contract and the recipe disagree: the contract says one of bad, good, the recipe one of negative, positive",
    ),
    "model and contract that disagree": (
        lambda job: job.labels("bad", "good"),
        r"model\.bin and its contract do not belong together: the model answers negative, positive, the contract "
        r"knows only bad, good",
    ),
    "no holdout": (
        lambda job: _remove(job, "holdout/holdout.jsonl"),
        r"There is no holdout: .*holdout\.jsonl does not exist",
    ),
    "empty holdout": (
        lambda job: job.holdout([]),
        r"The holdout .*holdout\.jsonl is empty: there is nothing to measure a model on",
    ),
    "holdout line that is no example": (
        lambda job: job.put(
            "holdout/holdout.jsonl", '{"text": "a", "labels": ["positive"]}\n{"review": "b"}\n'
        ),
        r"line 2 is not .*: '\{\"review\": \"b\"\}'",
    ),
    "holdout label that the recipe does not know": (
        lambda job: job.holdout([{"text": "a", "labels": ["neutral"]}]),
        r"line 1 has the label 'neutral', which the recipe does not know. Its labels: negative, positive",
    ),
    "holdout text with two labels": (
        lambda job: job.holdout([{"text": "a", "labels": list(LABELS)}]),
        r"line 1 has 2 labels; the recipe gives each text exactly one",
    ),
    "holdout that is not UTF-8": (
        lambda job: job.put("holdout/holdout.jsonl", b'{"text": "caf\xe9", "labels": ["positive"]}\n'),
        r"The holdout .* is not UTF-8",
    ),
    "champion without its artifact": (
        lambda job: setattr(job, "champion_arn", ARN),
        r"The champion is arn:.*, but .*champion/model\.tar\.gz does not exist",
    ),
    "champion without a name": (
        lambda job: job.put("champion/model.tar.gz", "..."),
        r"The champion is none, but .*champion/model\.tar\.gz exists",
    ),
    "configuration that is not there": (
        lambda job: _remove(job, "code/evaluate.json"),
        r"evaluate\.json is no configuration of this step \(FileNotFoundError",
    ),
    "metric that the gate does not know": (
        lambda job: job.config(metric="precision_at_1"),
        r"gate\.metric is precision_at_1\. Allowed here: accuracy, balanced_accuracy, macro_f1, micro_f1",
    ),
}


@pytest.mark.parametrize("fault", BAD_INPUTS)
def test_bad_input_is_one_clear_message_and_no_result(job, fault):
    spoil, message = BAD_INPUTS[fault]
    spoil(job)

    with pytest.raises(StepError, match=message):
        job.evaluated()

    assert not (job.root / "output").exists()


def test_a_damaged_champion_is_named_as_such(job, artifact):
    job.champion(artifact)
    _cut(job, "champion/model.tar.gz")

    with pytest.raises(StepError, match=r"The champion's .* is damaged"):
        job.evaluated()


OWNED = "print('owned')\nimport os\nos.abort()\n"


@pytest.mark.parametrize("name", ["text_rules.py", "contract.json", "json.py"])
def test_nothing_of_a_changed_contract_is_read_or_imported(job, name):
    job.sha256["candidate-contract"] = digests.of_folder(job.root / "candidate-contract")
    job.put(f"candidate-contract/{name}", OWNED)

    done = job.run()

    assert done.returncode == 1
    assert "owned" not in done.stdout
    assert "The candidate's contract was changed after it was written" in (job.root / "message").read_text()


def test_nothing_of_the_champions_changed_contract_is_imported(job, artifact):
    job.champion(artifact)
    job.sha256["champion-contract"] = digests.of_folder(job.root / "champion-contract")
    job.put("champion-contract/text_rules.py", OWNED)

    done = job.run()

    assert done.returncode == 1
    assert "owned" not in done.stdout
    assert "The champion's contract was changed" in (job.root / "message").read_text()


def test_a_champion_whose_artifact_was_changed_is_not_compared_with(job, artifact, wrong_artifact):
    job.champion(wrong_artifact)
    job.sha256["champion"] = digests.of_file(artifact)

    done = job.run()

    assert done.returncode == 1
    assert "The champion's artifact was changed after it was registered" in (job.root / "message").read_text()


def test_the_report_says_which_bytes_were_measured(job, artifact):
    assert job.evaluated()["candidate"]["artifact"] == {
        "sha256": digests.of_file(artifact),
        "version": "none",
    }


def test_a_candidate_that_is_not_what_the_pull_request_trained_is_refused(job, artifact, wrong_artifact):
    known = ["--candidate-sha256", digests.of_file(artifact)]
    evaluate.evaluate(evaluate.arguments([*job.arguments(), *known]))
    job.put("candidate/model.tar.gz", wrong_artifact.read_bytes())
    with pytest.raises(StepError, match="The candidate is not what the pull request trained"):
        evaluate.evaluate(evaluate.arguments([*job.arguments(), *known]))

"""Evaluate measures candidate and champion on one holdout, and applies the gate."""

import json

import pytest

import digests
import evaluate
from failure import StepError


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

    assert report["champion"]["arn"] == job.ARN
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
    job.champion(artifact, labels=job.LABELS[::-1])

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
    job.holdout([*job.HOLDOUT, {"text": "", "labels": []}])

    report = job.evaluated()

    assert report["multi_label"] is True
    assert report["candidate"]["metrics"]["precision_at_1"] == 0.8
    assert report["candidate"]["metrics"]["micro_f1"] == 1.0
    assert report["candidate"]["confusion_matrix"] is None
    assert report["candidate"]["empty_texts"] == 1


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

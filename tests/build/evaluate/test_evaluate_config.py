"""evaluate.json and trial.json, and the options that change them."""

import json

import pytest

import evaluate
import trial
from evaluation.gate import Rule
from failure import StepError

GATE = {"metric": "macro_f1", "minimum": 0.6, "max_regression": 0.01}
DOCUMENT = {
    "recipe": "reviews",
    "gate": GATE,
    "labels": ["bad", "good"],
    "multi_label": False,
    "bootstrap_samples": 100,
    "confidence": 0.9,
    "none": None,
    "threshold": 0.5,
    "seed": 7,
}


@pytest.fixture
def load(tmp_path):
    def load(document, kind=evaluate.Config):
        path = tmp_path / "config.json"
        path.unlink(missing_ok=True)
        if document is not None:
            path.write_text(document if isinstance(document, str) else json.dumps(document))
        return kind.load(path)

    return load


def test_a_configuration_is_what_the_recipe_says(load):
    found = load(DOCUMENT)
    assert (found.recipe, found.labels, found.multi_label) == ("reviews", ("bad", "good"), False)
    assert found.rule == Rule("macro_f1", 0.6, 0.01)
    assert (found.bootstrap_samples, found.confidence, found.seed) == (100, 0.9, 7)
    assert (found.none, found.chooses_thresholds, found.trial_texts) == (None, False, 0)
    assert (
        load({**DOCUMENT, "threshold": "best_f1", "trial_texts": 20, "none": "bad"}).chooses_thresholds
        is True
    )


@pytest.mark.parametrize("key", sorted(DOCUMENT))
def test_a_configuration_that_lacks_a_key_names_it(load, key):
    with pytest.raises(StepError) as caught:
        load({name: value for name, value in DOCUMENT.items() if name != key})
    assert f"config.json is not a configuration of this step (KeyError: '{key}')." in str(caught.value)
    assert "`model-build run` writes it from the recipe." in str(caught.value)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (None, "FileNotFoundError"), ("{", "JSONDecodeError"), ("[]", "TypeError"), ("5", "TypeError"), ({**DOCUMENT, "labels": None}, "TypeError"),
        ({**DOCUMENT, "gate": {**GATE, "more": 1}}, "TypeError"), ({**DOCUMENT, "gate": {"metric": "accuracy"}}, "TypeError"), ({**DOCUMENT, "gate": None}, "TypeError"),
    ],
)  # fmt: skip
def test_what_is_no_configuration_is_told_by_its_error(load, document, kind):
    with pytest.raises(StepError, match=rf"config\.json is not a configuration of this step \({kind}: "):
        load(document)


@pytest.mark.parametrize(
    ("metric", "multi_label", "labels", "allowed"),
    [
        ("balanced_accuracy", False, 2, True), ("balanced_accuracy", True, 2, False), ("precision_at_1", True, 2, True), ("precision_at_1", False, 2, False),
        ("precision_at_3", True, 2, False), ("precision_at_3", True, 3, True), ("mean_roc_auc", False, 2, True), ("log_loss", False, 2, False),
    ],
)  # fmt: skip
def test_a_metric_that_is_not_measured_is_refused_with_those_that_are(
    load, metric, multi_label, labels, allowed
):
    names = [f"l{number}" for number in range(labels)]
    document = {**DOCUMENT, "gate": {**GATE, "metric": metric}, "labels": names, "multi_label": multi_label}
    if allowed:
        assert load(document).rule.metric == metric
        return
    with pytest.raises(
        StepError, match=rf"gate\.metric is {metric}\. Allowed here: accuracy, .*mean_roc_auc"
    ):
        load(document)


@pytest.mark.parametrize(
    ("minimum", "regression", "rule"),
    [(None, None, (0.6, 0.01)), (0.7, None, (0.7, 0.01)), (None, 0.2, (0.6, 0.2)), (0.0, 0.0, (0.0, 0.0)), (1.0, 1.0, (1.0, 1.0))],
)  # fmt: skip
def test_the_gates_figures_may_be_given_on_the_command_line(load, minimum, regression, rule):
    found = load(DOCUMENT).with_gate(minimum, regression)
    assert (found.rule.metric, found.rule.minimum, found.rule.max_regression) == ("macro_f1", *rule)


@pytest.mark.parametrize("value", [-0.001, 1.001, 60.0, float("nan")])
def test_a_figure_that_is_no_share_is_refused(load, value):
    with pytest.raises(StepError, match=r"The gate's minimum is .*\. Allowed: 0 to 1\."):
        load(DOCUMENT).with_gate(value, None)
    with pytest.raises(StepError, match=r"The gate's max_regression is .*\. Allowed: 0 to 1\."):
        load(DOCUMENT).with_gate(None, value)


TRIAL = {
    "kind": "serverless",
    "instance_type": None,
    "memory_mb": 2048,
    "tolerance": 0.01,
    "max_p99_milliseconds": None,
    "max_wait_seconds": 60,
}


def test_a_trials_configuration_is_complete_and_holds_nothing_else(load):
    assert load(TRIAL, trial.Config).memory_mb == 2048
    for document in (None, "{", "[1]", {**TRIAL, "more": 1}, {"kind": "serverless"}):
        with pytest.raises(StepError, match=r"config\.json is not a configuration of this step \(.*Error: "):
            load(document, trial.Config)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"ProcessingJobName": "pipelines-abc123-Trial-x9"}, "abc123"),
        ({"ProcessingJobName": "pipelines-a-b-c"}, "a"),
        ({"ProcessingJobName": "my-job"}, "The job is called my-job; expected pipelines-EXECUTION-..."),
        ({"ProcessingJobName": "pipelines-abc"}, "The job is called pipelines-abc; expected"),
        ({"ProcessingJobName": "pipelines-ABC-x"}, "The job is called pipelines-ABC-x; expected"),
        ({}, "does not name the job (KeyError: 'ProcessingJobName')."),
        ([], "does not name the job (TypeError: "),
        (None, "does not name the job (FileNotFoundError: "),
    ],
)
def test_the_execution_is_in_the_name_of_the_job(tmp_path, document, found):
    path = tmp_path / "job.json"
    if document is not None:
        path.write_text(json.dumps(document))
    if " " not in found:
        assert trial._execution(path) == found
        return
    with pytest.raises(StepError) as caught:
        trial._execution(path)
    assert found in str(caught.value)

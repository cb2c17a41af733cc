"""`trial` of a recipe: what it may say, the step that it becomes, its refusal, and what the report tells of it."""

import dataclasses
import json
import os
import random
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from evaluation.gate import Decision, Trial, after_trial, forced
from model_build.cli import app
from model_build.core import diff
from model_build.core.settings import Settings
from model_build.errors import RecipeError
from model_build.recipe import Recipe
from model_build.report import Report, Run, Step, html, markdown
from model_build.run.pipeline import Inputs, definition, names

REALTIME = {"kind": "realtime", "instance_type": "ml.m5.large"}
SERVERLESS = {"kind": "serverless", "memory_mb": 2048}
DOCUMENT = {
    "name": "garments",
    "data": {"format": "csv", "text": ["Text"], "label": "Rating"},
    "labels": {
        "names": ["bad", "good"],
        "rules": [{"name": "bad", "values": ["1"]}, {"name": "good", "values": ["5"]}],
    },
    "training": {
        "hyperparameters": {
            "epochs": 20,
            "learning_rate": 0.5,
            "vector_dim": 4,
            "min_count": 1,
            "buckets": 1000,
        }
    },
    "evaluation": {"bootstrap_samples": 100},
    "gate": {"minimum": 0.8},
}
SETTINGS = Settings(
    project_name="shop",
    project_id="p-abc123",
    bucket="shop-artifacts",
    model_package_group="shop-models",
    pipeline_role_arn="arn:aws:iam::123456789012:role/shop-pipeline",
    region="eu-west-1",
    trial_role_arn="arn:aws:iam::123456789012:role/shop-trial",
)
PREFIX = "s3://shop-artifacts/code/build"
INPUTS = Inputs(
    prepare_code=f"{PREFIX}/a/",
    prepare_sha256="a" * 64,
    evaluate_code=f"{PREFIX}/b/",
    evaluate_sha256="b" * 64,
    wheels=f"{PREFIX}/c/",
    contract="s3://shop-artifacts/contracts/d/",
    contract_sha256="d" * 64,
    text_rules_sha256="e" * 64,
    launcher=("import os",),
    algorithm=f"{PREFIX}/f/sourcedir.tar.gz",
    trial_code=f"{PREFIX}/t/",
    trial_sha256="7" * 64,
)


def recipe(trial=None, **changes):
    own = {} if trial is None else {"trial": trial}
    return Recipe.parse(DOCUMENT | own | changes, Path("garments.yaml"))


def steps_of(trial, settings=SETTINGS, **changes):
    return diff.steps(definition(recipe(trial, **changes), settings, INPUTS))


TRANSFORMER = {"algorithm": "transformer", "pretrained": {"hub": "a/b@" + "c" * 40, "sha256": "d" * 64}}
GPU = {"registration": {"inference_instances": ["ml.g5.xlarge"]}}


@pytest.mark.parametrize(
    ("trial", "changes", "problem"),
    [
        ({"kind": "asynchronous"}, {}, "trial.kind"),
        ({"kind": "realtime"}, {}, "trial.instance_type: missing"),
        (REALTIME | {"memory_mb": 2048}, {}, "trial.memory_mb: only a serverless endpoint has that"),
        ({"kind": "serverless"}, {}, "trial.memory_mb: missing"),
        (
            SERVERLESS | {"instance_type": "ml.m5.large"},
            {},
            "trial.instance_type: a serverless endpoint has no",
        ),
        (REALTIME | {"max_p99_milliseconds": 0}, {}, "trial.max_p99_milliseconds"),
        (SERVERLESS, GPU, "trial.kind: found serverless. The model's image is for GPUs"),
        (REALTIME, GPU, "trial.instance_type: found ml.m5.large. The model's image is for ml.g5.xlarge"),
    ],
)
def test_a_trial_that_could_not_run_is_refused_with_the_key(trial, changes, problem):
    if changes:
        changes = changes | {"training": TRANSFORMER}
    with pytest.raises(RecipeError) as caught:
        recipe(trial, **changes)
    assert problem in str(caught.value)


def test_a_recipe_without_a_trial_has_no_such_step_and_keeps_its_hash():
    assert "trial" not in json.dumps(recipe().evaluate_config())
    assert "Trial" not in names(recipe())
    outputs = steps_of(None)["Evaluate"]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    assert [each["OutputName"] for each in outputs] == ["evaluation"]
    assert recipe().sha256 == recipe(description="").sha256 != recipe(SERVERLESS).sha256


def test_the_trial_comes_between_evaluate_and_the_gate_which_reads_its_decision():
    steps = steps_of(REALTIME)
    assert names(recipe(REALTIME))[:5] == ("Prepare", "Train", "Evaluate", "Trial", "Gate")
    [condition] = steps["Gate"]["Arguments"]["Conditions"]
    assert condition["LeftValue"]["Std:JsonGet"]["PropertyFile"] == {
        "Get": "Steps.Trial.PropertyFiles.TrialReport"
    }
    assert "Steps.Trial" in json.dumps(steps["Fail"]["Arguments"])
    arguments = steps["Trial"]["Arguments"]
    assert arguments["StoppingCondition"]["MaxRuntimeInSeconds"] == 900 + 45 * 60
    inputs = {each["InputName"]: each["S3Input"]["S3Uri"] for each in arguments["ProcessingInputs"]}
    assert inputs["answers"] == {
        "Get": "Steps.Evaluate.ProcessingOutputConfig.Outputs['answers'].S3Output.S3Uri"
    }
    assert inputs["contract"] == INPUTS.contract
    given = arguments["AppSpecification"]["ContainerArguments"]
    assert given[given.index("--prefix") + 1] == "shop-trial"
    assert given[given.index("--role") + 1] == arguments["RoleArn"] == SETTINGS.trial_role_arn
    assert steps["Evaluate"]["Arguments"]["RoleArn"] == SETTINGS.pipeline_role_arn
    assert given[given.index("--model") + 1] == {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    assert all(len(each) <= 256 for each in given if isinstance(each, str))
    # An execution's id would keep the step cache from ever answering.
    assert "ExecutionId" not in json.dumps([arguments["AppSpecification"], arguments["ProcessingInputs"]])


def test_a_pull_request_tries_under_names_and_tags_of_its_own():
    given = steps_of(SERVERLESS, dataclasses.replace(SETTINGS, pull_request=7))["Trial"]["Arguments"]
    arguments = given["AppSpecification"]["ContainerArguments"]
    assert arguments[arguments.index("--prefix") + 1] == "shop-pr-7-trial"
    assert "model-build:pull-request=7" in arguments


def test_a_script_is_served_with_its_variables_and_chosen_thresholds_with_their_contract():
    several = {"labels": {"names": ["bad", "good"], "multi": True}, "evaluation": {"threshold": "best_f1"}}
    script = {"algorithm": "script", "folder": "tfidf"}
    arguments = steps_of(
        SERVERLESS, training=script, data=DOCUMENT["data"] | {"label_separator": " "}, **several
    )
    trial = arguments["Trial"]["Arguments"]
    assert "SAGEMAKER_PROGRAM=inference.py" in trial["AppSpecification"]["ContainerArguments"]
    inputs = {each["InputName"]: each["S3Input"]["S3Uri"] for each in trial["ProcessingInputs"]}
    assert "Steps.Evaluate" in json.dumps(inputs["contract"])


PASSED = Decision(True, "Good.", "macro_f1", 0.9, None, 0.6, 0.0)


@pytest.mark.parametrize(
    ("differing", "p99", "limit", "passed", "said"),
    [
        (0, 12.5, None, True, "answered all 50 texts as Evaluate did, and its p99 is 12.5 ms."),
        (0, 12.5, 12.5, True, "and its p99 is 12.5 ms, within the limit of 12.5 ms."),
        (0, 12.6, 12.5, False, "but its p99 is 12.6 ms, above the limit of 12.5 ms."),
        (
            2,
            1.0,
            12.5,
            False,
            "answered 2 of 50 texts otherwise than Evaluate did, but its p99 is 1 ms, within",
        ),
        (2, 13.0, 12.5, False, "otherwise than Evaluate did, and its p99 is 13 ms, above the limit"),
    ],
)
def test_after_a_trial_the_gate_asks_for_equal_answers_within_the_time(differing, p99, limit, passed, said):
    decision = after_trial(PASSED, Trial(50, differing, p99, limit))
    assert decision.passed is passed
    assert decision.reason.startswith("Good. The trial endpoint answered")
    assert said in decision.reason


def test_what_was_forced_past_the_gate_stays_so_after_a_trial():
    refused = dataclasses.replace(PASSED, passed=False, reason="Bad.")
    decision = after_trial(forced(refused, "we know"), Trial(50, 1, 5.0, None))
    assert (decision.passed, decision.forced) == (True, True)
    assert decision.reason.startswith(
        "Forced: we know. The gate had refused: Bad. The trial endpoint answered 1 of"
    )


TRIED = {
    "kind": "realtime",
    "instance_type": "ml.m5.large",
    "memory_mb": None,
    "texts": 100,
    "differing": 1,
    "differences": [{"text": "<b>fits</b>", "what": "good 0.4000 in place of 0.9000"}],
    "p50_milliseconds": 8.1,
    "p99_milliseconds": 12.5,
    "first_milliseconds": 40.0,
    "max_p99_milliseconds": 300.0,
    "ready_seconds": 190.0,
    "seconds": 36_000.0,
    "busy_seconds": 0.9,
}


def reported(trial, *, cached=False):
    own = {"precision": 0.5, "recall": 0.5, "f1": 0.7, "support": 5}
    figures = {"metrics": {"macro_f1": 0.7}, "per_class": {"bad": own, "good": own}, "confusion_matrix": None}
    document = {
        "recipe": "garments",
        "labels": ["bad", "good"],
        "multi_label": False,
        "holdout": {"rows": 10, "labels": {"bad": 5, "good": 5}},
        "candidate": figures | {"calibration": [{"confidence": 0.6, "accuracy": 0.5, "count": 10}]},
        "champion": None,
        "comparison": None,
        "trial": trial,
        "gate": dataclasses.asdict(PASSED),
    }
    steps = [Step("Trial", "Succeeded", 60.0, cached, instance_type="ml.m5.large")]
    return Report.build(Run("garments", "shop-garments", "arn", "Succeeded", steps), document, None)


def test_the_report_tells_the_figures_of_the_trial_and_its_price():
    built = reported(TRIED)
    assert built.trial == (
        "The trial endpoint (realtime, ml.m5.large) answered 1 of 100 texts otherwise than Evaluate; the report's page "
        "says how. Half of the answers took at most 8.1 ms, 99% at most 12.5 ms (limit 300 ms), the first one 40 ms. It was in "
        "service after 3 min 10 s and there for 10 h 00 min, about $1.15."
    )
    # The job's minute is less than a cent; the endpoint's ten hours are not.
    assert "about $1.15 at prices of" in built.effort
    assert "less than $0.01" in reported(TRIED, cached=True).effort
    assert "99% at most 12.5 ms" in markdown.render(built)
    assert "&lt;b&gt;fits&lt;/b&gt;" in html.render(built)
    assert "good 0.4000 in place of 0.9000" in html.render(built)
    assert "fits" not in markdown.render(built)


def test_a_serverless_trial_costs_the_time_in_which_it_answers_and_an_unknown_machine_is_named():
    serverless = TRIED | {"kind": "serverless", "instance_type": None, "memory_mb": 2048}
    assert "(serverless, 2048 MB)" in reported(serverless).trial
    assert "less than $0.01" in reported(serverless).effort
    unknown = reported(TRIED | {"instance_type": "ml.x9.large"})
    assert "there for 10 h 00 min." in unknown.trial
    assert "has none for ml.x9.large" in unknown.effort
    assert reported(None).trial == ""


def write(folder, repository, **trial):
    (folder / "recipes").mkdir()
    (folder / "recipes" / "garments.yaml").write_text(yaml.safe_dump(DOCUMENT | {"trial": trial}))
    (folder / "steps").symlink_to(repository / "steps")
    draw = random.Random(1)
    words = {"1": ["torn", "cheap", "scratchy", "sad"], "5": ["lovely", "soft", "perfect", "happy"]}
    lines = ["Text,Rating"]
    for number in range(300):
        rating = draw.choice("15")
        lines.append(f"{' '.join(draw.choices(words[rating], k=6))} no {number},{rating}")
    (folder / "reviews.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture
def call(aws, repository, tmp_path, monkeypatch):
    write(tmp_path, repository, **REALTIME, texts=20, max_p99_milliseconds=60_000)
    monkeypatch.chdir(tmp_path)

    def call(*arguments, **variables):
        environment = {**dict.fromkeys(os.environ), **aws.environment, "GITHUB_SHA": "c0ffee", **variables}
        return CliRunner().invoke(app, [*arguments], env=environment)

    return call


@pytest.mark.parametrize("command", [["plan"], ["run", "--data", "reviews.csv"]])
def test_in_a_project_without_trials_it_is_refused_with_what_turns_them_on(call, aws, command):
    result = call(*command, TRIAL_ROLE_ARN="")
    assert result.exit_code == 2
    assert "is without TrialEndpoint=yes" in result.stderr
    assert f"`project-template update {aws.name} --trial-endpoint` lets them" in result.stderr


@pytest.mark.slow
def test_a_run_tries_the_candidate_registers_it_and_leaves_no_endpoint(call, aws):
    result = call("run", "--json", "--data", "reviews.csv")
    assert result.exit_code == 0, result.stderr
    outcome = json.loads(result.stdout)
    assert [step["name"] for step in outcome["pipeline"]["steps"]][2:4] == ["Evaluate", "Trial"]
    assert (outcome["trial"]["texts"], outcome["trial"]["differing"]) == (20, 0)
    assert "within the limit of 60000 ms" in outcome["gate"]["reason"]
    assert outcome["model_package_arn"]
    assert "The trial endpoint (realtime, ml.m5.large)" in Path(outcome["report"]["markdown"]).read_text()
    sagemaker = aws.client("sagemaker")
    endpoints = sagemaker.list_endpoints(NameContains=aws.name)["Endpoints"]
    assert {each["EndpointStatus"] for each in endpoints} <= {"Deleting"}
    assert sagemaker.list_endpoint_configs(NameContains=aws.name)["EndpointConfigs"] == []
    planned = call("plan", "--data", "reviews.csv")
    assert "Trial     ran like this in execution" in planned.stdout

"""Views: records made from what AWS and GitHub answer."""

from datetime import UTC, datetime, timedelta

import pytest

from local_aws.console import formatting
from local_aws.console.views import classify, pipelines, projects, registry, repositories, stages

NOW = datetime(2026, 11, 29, 15, 30, 20, tzinfo=UTC)


def version(number, **figures):
    return registry.Version("g", number, f"arn/{number}", NOW, "Approved", figures=figures)


def test_the_best_figure_of_a_column_is_the_highest_or_of_losses_the_lowest():
    view = registry.side_by_side(
        "g", [version(3), version(2, macro_f1=0.7, log_loss=0.2), version(1, macro_f1=0.8, log_loss=0.4)]
    )
    assert view.metrics == ("macro_f1", "log_loss")
    assert view.best == {"macro_f1": {1}, "log_loss": {2}}


def test_one_version_alone_is_not_called_the_best():
    assert registry.side_by_side("g", [version(1, macro_f1=0.8)]).best == {"macro_f1": frozenset()}


def test_metrics_of_another_tool_are_read_in_model_monitors_format():
    statistics = {
        "multiclass_classification_metrics": {"accuracy": {"value": 0.9, "standard_deviation": 0.1}}
    }
    assert registry.figures(statistics) == {"accuracy": 0.9}


@pytest.mark.parametrize(
    "evaluation", [None, [], {}, {"candidate": {}}, {"candidate": {"metrics": {"a": True}}}]
)
def test_an_evaluation_without_figures_has_none(evaluation):
    assert registry.figures(evaluation) == {}


def test_a_champion_stands_beside_the_candidate():
    evaluation = {"champion": {"arn": "a:model-package/g/7", "metrics": {"macro_f1": 0.6}}}
    view = registry.beside_champion(version(8, macro_f1=0.8, accuracy=0.9), evaluation)
    assert view.rows == (("macro_f1", 0.8, 0.6), ("accuracy", 0.9, None))
    assert view.champion == "g/7"


def variant(weight=1, **more):
    return {"VariantName": "Main", "CurrentWeight": weight, "DesiredWeight": weight, **more}


def shares(described):
    return [(each.fleet, each.share) for each in stages.variants(described)]


def test_without_a_deployment_variants_share_the_traffic_by_weight():
    other = {"VariantName": "Other", "CurrentWeight": 3}
    assert shares({"ProductionVariants": [variant(), other]}) == [("live", 25), ("live", 75)]


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        ("Creating", "Creating the new fleet", [100, 0]),
        ("Baking", "New fleet: 1 of 4 instances of Main take traffic", [75, 25]),
        ("Deleting", "Terminating the old fleet", [0, 100]),
        ("Baking", "in words that are not known", [None, None]),
    ],
)
def test_during_a_canary_the_new_fleet_takes_what_its_status_tells(status, message, expected):
    pending = variant(VariantStatus=[{"Status": status, "StatusMessage": message}])
    described = {
        "ProductionVariants": [variant()],
        "PendingDeploymentSummary": {"EndpointConfigName": "new", "ProductionVariants": [pending]},
    }
    assert [share for _, share in shares(described)] == expected


def test_that_nobody_watches_counts_during_a_deployment_only():
    stated = {"AlarmName": "shop-production-Unwatched", "StateValue": "ALARM", "StateReason": "none came"}
    quiet, ringing = (stages.alarm(stated, frozenset(), updating) for updating in (False, True))
    assert (formatting.chip(quiet.state).word, quiet.reason) == ("Not watched", "")
    assert (formatting.chip(ringing.state).word, ringing.reason) == ("In alarm", "none came")


def test_minutes_without_an_invocation_are_empty_columns():
    minute = NOW.replace(second=0)
    found = stages.columns({minute: 4.0, minute - timedelta(minutes=2): 1.0}, NOW, minutes=3)
    assert [(each.count, each.height) for each in found] == [(1, 25), (0, 0), (4, 100)]


def test_the_package_of_a_model_is_in_its_container():
    arn = "arn:aws:sagemaker:eu-west-1:1:model-package/shop-models/3"
    container = {"Environment": {"MODEL_PACKAGE_ARN": arn}, "ModelDataUrl": "s3://bucket/models/a.tar.gz"}
    served = stages.served({"PrimaryContainer": container})
    assert (served.package, served.path, served.bucket) == (
        "shop-models/3",
        ("registry", "shop-models", "3"),
        "bucket",
    )
    assert stages.served({"PrimaryContainer": {}}).path == ()


def test_a_step_tells_what_came_of_it_and_what_has_a_log():
    stated = {
        "StepName": "Train",
        "StepStatus": "Succeeded",
        "StartTime": NOW,
        "EndTime": NOW + timedelta(seconds=75),
        "CacheHitResult": {"SourcePipelineExecutionArn": "arn/execution/abc"},
        "Metadata": {"TrainingJob": {"Arn": "arn:aws:sagemaker:eu-west-1:1:training-job/t-1"}},
    }
    found = pipelines.step(stated)
    assert (found.took, found.job, found.notes) == (
        "1 min 15 s",
        "TrainingJobs/t-1",
        ("taken from the cache of abc",),
    )


def test_a_step_that_has_not_begun_is_drawn_as_such():
    definition = '{"Steps": [{"Name": "Train", "Type": "Training", "Arguments": {}}]}'
    [box] = pipelines.drawing(definition, []).boxes
    assert (box.spoken, box.has_log) == ("Train: Not started", False)


def test_parameters_are_the_defaults_under_what_was_given():
    definition = (
        '{"Parameters": [{"Name": "A", "DefaultValue": "1"}, {"Name": "B", "DefaultValue": ""}], "Steps": []}'
    )
    given = [{"Name": "A", "Value": "x" * 300}]
    [(name, value)] = pipelines.parameters(definition, given)
    assert (name, len(value)) == ("A", 201)


def test_parameters_of_a_template_are_grouped_as_its_interface_says():
    template = {
        "Parameters": {
            "SageMakerProjectName": {"Type": "String"},
            "Owner": {"Type": "String"},
            "Kind": {"Type": "String", "Default": "b", "AllowedValues": ["a", "b"]},
        },
        "Metadata": {
            "AWS::CloudFormation::Interface": {
                "ParameterGroups": [{"Label": {"default": "GitHub"}, "Parameters": ["Owner", "Gone"]}],
                "ParameterLabels": {"Owner": {"default": "Organisation"}},
            }
        },
    }
    github, other = projects.sections(template)
    assert (github.title, [(each.label, each.required) for each in github.fields]) == (
        "GitHub",
        [("Organisation", True)],
    )
    assert [(each.name, each.allowed, each.default) for each in other.fields] == [
        ("parameter:Kind", ("a", "b"), "b")
    ]


def test_the_checks_of_a_commit_are_the_newest_run_of_each_workflow():
    def run(number, name, conclusion):
        return {"id": number, "name": name, "head_sha": "a", "conclusion": conclusion, "status": "completed"}

    runs = [run(3, "build", "success"), run(2, "build", "failure"), run(1, "lint", None)]
    assert [(each.id, each.state) for each in repositories.checks("a", runs)] == [
        (3, "success"),
        (1, "completed"),
    ]
    assert repositories.checks("b", runs) == ()


def test_predictions_and_refusals_of_the_api():
    entry = {"text": "x", "label": "good", "confidence": 0.5, "scores": {"good": 0.5}}
    [found], problem = classify.answered(200, {"predictions": [entry]})
    assert (found.label, found.percent, problem) == ("good", 50, "")
    assert (
        classify.prediction({"text": "", "label": None, "confidence": None, "note": "empty"}).note == "empty"
    )
    said = classify.answered(
        413, {"error": {"code": "too_long", "message": "At most 100."}, "request_id": "r"}
    )
    assert said == ((), "The API answered 413: At most 100.")
    assert classify.answered(403, {"message": "Forbidden"})[1] == "The API answered 403: Forbidden"
    assert classify.answered(502, None)[1] == "The API answered 502: nothing that can be read"


def test_states_have_words_and_tones_and_unknown_ones_stay_themselves():
    assert formatting.chip("PendingManualApproval") == formatting.Chip("waiting", "Pending approval")
    assert formatting.chip("CREATE_FAILED").tone == "bad"
    assert formatting.chip("UPDATE_IN_PROGRESS").tone == "busy"
    assert formatting.chip("cancelled") == formatting.Chip("idle", "Cancelled")
    assert formatting.chip("") == formatting.Chip("idle", "")


@pytest.mark.parametrize(
    ("length", "text"), [(0.04, "0.0 s"), (12, "12 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")]
)
def test_durations_are_as_exact_as_they_are_short(length, text):
    assert formatting.seconds(NOW, NOW + timedelta(seconds=length)) == text

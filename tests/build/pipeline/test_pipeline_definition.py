"""The pipeline's definition: deterministic, offline, and stable where nothing changed."""

import json
import os
import socket
import subprocess
import sys
import textwrap
import time

import botocore.loaders
import botocore.session

from model_build.core import diff
from model_build.run.pipeline import STEPS, Inputs, definition


def test_two_builds_a_second_apart_are_byte_equal(built, recipe, settings, inputs):
    time.sleep(1.1)
    assert definition(recipe(), settings, inputs) == built


def test_a_fresh_process_elsewhere_builds_the_same_bytes_without_network(
    built, tmp_path, settings, inputs, document
):
    """With another home, another hash seed, no AWS variables, defaults for the SDK on the machine, and no way out."""
    hostile = tmp_path / "config.yaml"
    hostile.write_text(
        "SchemaVersion: '1.0'\n"
        "SageMaker:\n"
        "  ProcessingJob:\n"
        "    Environment: {STRAY: value}\n"
        "  TrainingJob:\n"
        "    VpcConfig: {SecurityGroupIds: [sg-1], Subnets: [subnet-1]}\n"
    )
    (tmp_path / ".sagemaker-code-config").write_text(
        json.dumps({"sagemakerProjectId": "p-abc123", "sagemakerProjectName": "shop"})
    )
    script = f"""
        import json, socket, sys
        from pathlib import Path

        def refuse(self, address):
            raise AssertionError(f"a connection to {{address}}")

        socket.socket.connect = refuse
        from model_build.run.pipeline import Inputs, definition
        from model_build.recipe import Recipe
        from model_build.core.settings import Settings

        recipe = Recipe.parse(json.loads({json.dumps(json.dumps(document))}), origin=Path("garments.yaml"))
        sys.stdout.write(definition(recipe, {settings!r}, {inputs!r}))
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "HOME": str(tmp_path),
        "PYTHONHASHSEED": "4711",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(hostile),
    }
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == built
    assert done.stderr == ""


def test_building_leaves_the_environment_and_the_network_alone(monkeypatch, recipe, settings, inputs):
    def refuse(self, address):
        raise AssertionError(f"a connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    before = dict(os.environ)
    definition(recipe(), settings, inputs)
    assert dict(os.environ) == before


def test_a_definition_reads_each_of_awss_models_once_in_a_process(
    built, monkeypatch, recipe, settings, inputs
):
    """Each of the SDK's four sessions would read them again, which takes longer than everything else."""
    read = []
    load = botocore.loaders.JSONFileLoader.load_file

    def load_file(loader, path):
        content = load(loader, path)
        if content is not None:
            read.append(path)
        return content

    monkeypatch.setattr(botocore.loaders.JSONFileLoader, "load_file", load_file)
    make = botocore.loaders.create_loader
    monkeypatch.setattr(botocore.session, "create_loader", make)  # tests/conftest.py keeps them, too
    assert definition(recipe(), settings, inputs) == built
    assert read == []
    assert botocore.session.create_loader is make


def test_the_steps_are_those_that_the_commands_know(steps):
    assert set(steps) == set(STEPS)


def test_only_the_verdict_of_evaluate_decides_what_is_registered(steps):
    gate = steps["Gate"]["Arguments"]
    assert gate["Conditions"] == [
        {
            "Type": "Equals",
            "LeftValue": {
                "Std:JsonGet": {
                    "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.EvaluationReport"},
                    "Path": "gate.passed",
                }
            },
            "RightValue": True,
        }
    ]
    assert gate["IfSteps"] == ["CreateModel", "Register"]
    assert gate["ElseSteps"] == ["Fail"]


def test_only_the_gate_and_the_registration_read_what_evaluate_wrote(steps):
    """The SDK reads values of other steps by Std:JsonGet in any step's arguments; the fewer, the better."""
    reading = {name for name, step in steps.items() if "Std:JsonGet" in json.dumps(step)}
    assert reading == {"Gate", "Register"}


def test_no_code_of_a_step_runs_that_is_not_what_the_definition_names(steps, inputs):
    for name, sha256 in (("Prepare", "a" * 64), ("Evaluate", "b" * 64)):
        entrypoint = steps[name]["Arguments"]["AppSpecification"]["ContainerEntrypoint"]
        assert entrypoint[:3] == ["python3", "-I", "-c"]
        assert entrypoint[4:-4] == list(inputs.launcher)
        assert entrypoint[-4:] == ["--", "/opt/ml/processing/input/code", sha256, f"{name.lower()}.py"]


def test_registering_comes_last_so_that_nothing_is_half_registered(steps):
    assert steps["Register"]["DependsOn"] == ["CreateModel"]


def test_a_start_by_hand_has_to_name_data_and_champion(built):
    parameters = {item["Name"]: item for item in json.loads(built)["Parameters"]}
    figures = {"MinimumMetric": 0.5, "MaxRegression": 0.0}
    assert {
        name: item["DefaultValue"] for name, item in parameters.items() if item["Type"] == "Float"
    } == figures
    assert all(item["Type"] == "String" for name, item in parameters.items() if name not in figures)
    assert {name for name, item in parameters.items() if "DefaultValue" not in item} == {
        "Data",
        "DataSha256",
        "Commit",
        "ChampionArn",
        "ChampionModel",
        "ChampionSha256",
        "ChampionContract",
        "ChampionContractSha256",
    }
    assert parameters["ForceReason"]["DefaultValue"] == "none"
    assert parameters["ApprovalStatus"]["DefaultValue"] == "PendingManualApproval"


def test_a_new_rule_of_the_gate_leaves_preparation_and_training_cached(built, recipe, settings, inputs):
    stricter = recipe(gate={"metric": "macro_f1", "minimum": 0.9})
    changed = Inputs(**{**vars(inputs), "evaluate_code": "s3://shop-artifacts/code/new/"})
    before, after = diff.steps(built), diff.steps(definition(stricter, settings, changed))
    assert {name for name in before if before[name] != after[name]} == {"Evaluate", "Register"}

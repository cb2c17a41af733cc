"""`model-build run` and what follows it, end to end on the embedded AWS."""

import contextlib
import json
import os
import random
import re
import shlex
import shutil
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from model_build.aws.code import folder_sha256
from model_build.cli import app

pytestmark = pytest.mark.slow

RECIPE: dict[str, Any] = {
    "name": "garments",
    "data": {"format": "csv", "text": ["Text"], "label": "Rating", "max_dropped_share": 0.1},
    "labels": {
        "names": ["bad", "good"],
        "rules": [{"name": "bad", "values": ["1", "2"]}, {"name": "good", "values": ["4", "5"]}],
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
    "gate": {"metric": "macro_f1", "minimum": 0.8},
}
WORDS = {
    "1": ["torn", "cheap", "scratchy", "returned", "sad"],
    "5": ["lovely", "soft", "perfect", "flattering", "happy"],
}


def reviews(rows, noise=0.0, seed=1):
    """A CSV of reviews whose words give their rating away, but for the share `noise` of them."""
    draw = random.Random(seed)
    lines = ["Text,Rating"]
    for number in range(rows):
        rating = draw.choice(["1", "5"])
        words = WORDS[draw.choice(["1", "5"]) if draw.random() < noise else rating]
        lines.append(f"\"{' '.join(draw.choices(words, k=6))} no {number}\",{rating}")
    return "\n".join([*lines, '"",5', "meh,3"]) + "\n"


@dataclass
class Shop:
    """A model-build repository with one recipe, and its project on the embedded AWS."""

    root: Path
    aws: Any

    def recipe(self, **changes):
        (self.root / "recipes" / "garments.yaml").write_text(yaml.safe_dump(RECIPE | changes))

    def data(self, text, name="reviews.csv"):
        path = self.root / name
        path.write_text(text)
        return str(path)

    def call(self, *arguments, **variables):
        environment = self.aws.environment | {"GITHUB_SHA": "c0ffee"} | variables
        return CliRunner().invoke(app, [*arguments, "--root", str(self.root)], env=environment)

    def run(self, data, *arguments, **variables) -> tuple[int, dict[str, Any]]:
        result = self.call("run", "--data", data, "--json", *arguments, **variables)
        return result.exit_code, json.loads(result.stdout) if result.stdout else {}

    def packages(self):
        listed = self.aws.client("sagemaker").list_model_packages(ModelPackageGroupName=self.aws.group)
        return [summary["ModelPackageArn"] for summary in listed["ModelPackageSummaryList"]]

    def package(self, arn):
        return self.aws.client("sagemaker").describe_model_package(ModelPackageName=arn)

    def approve(self, arn):
        self.aws.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    def objects(self, uri):
        """The objects under an S3 prefix, by their names below it."""
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        s3 = self.aws.client("s3")
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]
        return {key[len(prefix) :]: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


@pytest.fixture
def shop(aws, repository, tmp_path, monkeypatch):
    (tmp_path / "recipes").mkdir()
    (tmp_path / "steps").symlink_to(repository / "steps")
    monkeypatch.chdir(tmp_path)
    made = Shop(tmp_path, aws)
    made.recipe()
    return made


class Door:
    """A TCP door to a server that closes for good when the bytes `last_words` have passed through it."""

    def __init__(self, endpoint_url: str, last_words: bytes) -> None:
        host, _, port = endpoint_url.removeprefix("http://").partition(":")
        self._behind, self._last_words = (host, int(port)), last_words
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._behind)
                self._open += [client, server]
                threading.Thread(target=self._pass, args=(client, server), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client), daemon=True).start()

    def _pass(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self._last_words in data:
                    self.close()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self):
        for opened in self._open:
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()


def steps(outcome, key="status"):
    return {step["name"]: step[key] for step in outcome["pipeline"]["steps"]}


def execution_id(outcome):
    return outcome["pipeline"]["execution_arn"].rpartition("/")[2]


def test_a_winner_is_registered_with_all_that_its_use_and_its_history_need(shop):
    data = shop.data(reviews(400))
    code, outcome = shop.run(data)
    assert code == 0
    assert steps(outcome) == dict.fromkeys(
        ["Prepare", "Train", "Evaluate", "Gate", "CreateModel", "Register"], "Succeeded"
    )
    assert outcome["data"]["source"] == data
    assert (outcome["data"]["rows"], outcome["data"]["used"]) == (402, 400)
    assert sum(outcome["data"]["dropped"].values()) == 2
    assert outcome["metrics"]["macro_f1"] > 0.9
    assert outcome["gate"]["passed"] is True

    package = shop.package(outcome["model_package_arn"])
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    metadata = package["CustomerMetadataProperties"]
    assert metadata["commit"] == "c0ffee"
    assert metadata["data-sha256"] == outcome["data"]["sha256"]
    assert metadata["execution"] == outcome["pipeline"]["execution_arn"]
    assert (metadata["labels"], metadata["champion"], metadata["forced"]) == ("bad good", "none", "none")

    contract = shop.objects(metadata["contract"])
    assert set(contract) == {"contract.json", "text_rules.py"}
    assert folder_sha256(contract) == metadata["contract-sha256"]
    assert json.loads(contract["contract.json"])["labels"] == ["bad", "good"]

    statistics = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    assert "multiclass_classification_metrics" in json.loads(shop.objects(statistics)[""])

    page = Path(outcome["report"]["html"])
    assert page.parts[-3:-1] == ("reports", execution_id(outcome))
    assert "<html" in page.read_text()
    assert set(shop.objects(outcome["report"]["uri"])) == {"report.html", "report.md"}


def test_a_second_run_pays_only_for_what_changed_and_a_plan_says_so_before(shop):
    data = shop.data(reviews(400))
    before = shop.call("plan", "--data", data)
    assert before.exit_code == 0
    assert "The pipeline does not exist yet" in before.stdout
    assert shop.objects(f"s3://{shop.aws.bucket}/") == {}
    assert "does not exist yet" in shop.call("status").stdout

    first = execution_id(shop.run(data)[1])
    code, again = shop.run(data, GITHUB_SHA="decade")
    assert code == 0
    assert [name for name, hit in steps(again, "cache_hit").items() if hit] == [
        "Prepare",
        "Train",
        "Evaluate",
    ]
    assert again["metrics"]["macro_f1"] > 0.9

    shop.recipe(gate={"metric": "accuracy", "minimum": 0.7})
    after = json.loads(shop.call("plan", "--data", data, "--json").stdout)
    assert {change["where"] for change in after["changes"]} == {
        "parameter MinimumMetric",
        "step Evaluate",
        "step Register",
    }
    assert set(after["reusable"]) == {"Prepare", "Train"}
    status = json.loads(shop.call("status", "--json").stdout)
    assert [execution["arn"].rpartition("/")[2] for execution in status["executions"]] == [
        execution_id(again),
        first,
    ]


def test_a_loser_is_refused_and_a_forced_one_is_registered_with_the_reason(shop):
    good, poor = shop.data(reviews(400)), shop.data(reviews(400, noise=0.8), "poor.csv")
    shop.recipe(gate={"metric": "macro_f1", "minimum": 0.1})
    champion = shop.run(good)[1]["model_package_arn"]
    shop.approve(champion)
    assert json.loads(shop.call("status", "--json").stdout)["champion"]["arn"] == champion

    result = shop.call("run", "--data", poor)
    assert result.exit_code == 3
    assert "error: The gate refused the candidate: " in result.stderr
    assert "Gate refused: " in result.stdout
    assert "No model was registered." in result.stdout
    assert shop.packages() == [champion]

    code, forced = shop.run(poor, "--force", "the old model is broken")
    assert code == 0
    assert (forced["gate"]["passed"], forced["gate"]["forced"]) == (True, True)
    metadata = shop.package(forced["model_package_arn"])["CustomerMetadataProperties"]
    assert metadata["forced"] == "the old model is broken"
    assert metadata["champion"] == champion

    renamed = [{"name": "poor", "values": ["1", "2"]}, {"name": "great", "values": ["4", "5"]}]
    shop.recipe(labels={"names": ["poor", "great"], "rules": renamed})
    code, other_labels = shop.run(good)
    assert code == 3
    assert "labels differ" in other_labels["gate"]["reason"]
    assert other_labels["model_package_arn"] is None


def test_a_failed_step_is_named_with_its_reason_and_the_end_of_its_log(shop):
    # Data in S3: what is local is looked at before it is uploaded.
    shop.aws.client("s3").put_object(
        Bucket=shop.aws.bucket, Key="raw/x.csv", Body=b"Wrong,Rating\nlovely,5\n"
    )
    result = shop.call("run", "--data", f"s3://{shop.aws.bucket}/raw/x.csv")
    assert result.exit_code == 1
    assert "error: Step Prepare failed: " in result.stderr
    assert "Text" in result.stderr
    [whole] = re.findall(r"The whole log: model-build (logs --step Prepare --execution .*)", result.stderr)
    assert shop.call(*shlex.split(whole)).exit_code == 0
    assert shop.packages() == []

    log = shop.call("logs", "--step", "prepare")
    assert log.exit_code == 0
    assert log.stdout.strip()
    unreached = shop.call("logs", "--step", "Train")
    assert unreached.exit_code == 2
    assert "has not reached a step Train. Steps reached: Prepare" in unreached.stderr

    report = shop.call("report", "--json")
    assert report.exit_code == 0
    assert "Prepare" in Path(json.loads(report.stdout)["markdown"]).read_text()


def test_local_data_that_prepare_would_refuse_is_not_uploaded(shop):
    result = shop.call("run", "--data", shop.data("Wrong,Rating\nlovely,5\n"))

    assert result.exit_code == 2
    assert "Prepare would refuse" in result.stderr
    assert "has no column 'Text'" in result.stderr
    assert shop.aws.client("s3").list_objects_v2(Bucket=shop.aws.bucket)["KeyCount"] == 0


def test_a_run_that_was_left_is_attached_to_again(shop):
    data = shop.data(reviews(30_000))
    left = shop.call("run", "--data", data, "--timeout", "1")
    assert left.exit_code == 5
    assert "it goes on" in left.stderr
    back = shop.call("run", "--data", data)
    assert back.exit_code == 0
    assert "Re-attached to arn:" in back.stderr
    assert len(shop.packages()) == 1


def test_an_identical_rerun_registers_nothing_and_says_which_version_it_is(shop):
    data = shop.data(reviews(400))
    _, first = shop.run(data)
    renamed = Path(data).with_name(os.fsdecode(b"revi\xe9ws.csv"))
    shutil.copy(data, renamed)
    again = shop.call("run", "--data", str(renamed))
    assert again.exit_code == 0, again.stderr
    assert "revi\\xe9ws.csv" in Path(re.search(r"^Report: (.*)$", again.stdout, re.MULTILINE)[1]).read_text()
    assert "Nothing to run: the same commit, data, recipe and champion have been through" in again.stderr
    assert f"Model package: {first['model_package_arn']} (pending approval)" in again.stdout
    assert "That is version 1, which an earlier run registered; this one registered nothing" in again.stdout
    assert shop.packages() == [first["model_package_arn"]]
    [following] = re.findall(r"^Next: model-build (.*)$", again.stdout, re.MULTILINE)
    decided = CliRunner().invoke(app, shlex.split(following), env=shop.aws.environment)
    assert "Version 1 is approved" in decided.stdout, decided.stderr
    shop.aws.client("sagemaker").update_model_package(
        ModelPackageArn=first["model_package_arn"], ModelApprovalStatus="PendingManualApproval"
    )

    code, forced = shop.run(data, "--force", "once more")
    assert (code, forced["pipeline"]["launched"]) == (0, "started")
    assert set(shop.packages()) == {forced["model_package_arn"], first["model_package_arn"]}
    assert shop.run(data, "--force", "once more")[1]["model_package_arn"] == forced["model_package_arn"]

    shop.aws.client("sagemaker").delete_model_package(ModelPackageName=first["model_package_arn"])
    code, again = shop.run(data)
    assert (code, again["pipeline"]["launched"]) == (0, "started")
    assert len(shop.packages()) == 2


def test_a_refused_candidate_is_refused_again_without_a_run(shop):
    shop.recipe(gate={"metric": "macro_f1", "minimum": 1.0})
    data = shop.data(reviews(400, noise=0.5))
    _, first = shop.run(data)
    result = shop.call("run", "--data", data)
    assert result.exit_code == 3
    assert "error: The gate refused the candidate: " in result.stderr
    assert len(json.loads(shop.call("status", "--json").stdout)["executions"]) == 1
    assert first["pipeline"]["launched"] == "started"


def test_a_server_that_stops_in_the_middle_of_a_run_is_named_and_nothing_else_said(shop, any_host):
    door = Door(shop.aws.server.endpoint_url, last_words=b"ListPipelineExecutionSteps")
    data = shop.data(reviews(100))
    stopped = shop.call("run", "--data", data, AWS_ENDPOINT_URL=door.endpoint_url, AWS_MAX_ATTEMPTS="2")
    assert (stopped.exit_code, stopped.stdout) == (1, "")
    assert f"error: {door.endpoint_url}/ cannot be reached" in stopped.stderr
    assert "the same command re-attaches" in stopped.stderr
    assert shop.call("run", "--data", data).exit_code == 0


def test_a_bucket_that_does_not_exist_is_named(shop):
    shop.aws.client("s3").delete_bucket(Bucket=shop.aws.project.bucket)
    result = shop.call("run", "--data", shop.data(reviews(300)))
    assert result.exit_code == 1
    assert f"error: The bucket {shop.aws.bucket} does not exist" in result.stderr
    assert "ARTIFACT_BUCKET" in result.stderr


def test_a_search_trains_several_models_and_registers_the_best_by_validation(shop):
    shop.recipe(
        tune={"strategy": "grid", "parallel": 2, "ranges": {"learning_rate": {"values": [0.0001, 0.5]}}},
        training={"hyperparameters": {"epochs": 5, "learning_rate": 0.0001, "vector_dim": 4, "min_count": 1}},
    )
    data = shop.data(reviews(300), "searched.csv")

    result = shop.call("run", "--data", data, "--json")

    assert result.exit_code == 0, result.stderr
    outcome = json.loads(result.stdout)
    assert outcome["search"]["best"]["hyperparameters"] == {"learning_rate": "0.5"}
    assert (outcome["search"]["jobs"], outcome["search"]["failed"]) == (2, 0)
    page = Path(outcome["report"]["html"]).read_text()
    assert "The search (grid) trained 2 times" in page
    assert "the search gained +" in page
    container = shop.package(outcome["model_package_arn"])["InferenceSpecification"]["Containers"][0]
    assert "-Tune-" in container["ModelDataUrl"]
    # The log of a search is that of its training jobs.
    log = shop.call("logs", "--step", "tune")
    assert log.exit_code == 0, log.stderr
    assert log.stdout.count("Training finished.") == 2, log.stdout
    _, again = shop.run(data, "--force", "once more", "--approved")
    cached = {step["name"]: step["cache_hit"] for step in again["pipeline"]["steps"]}
    assert cached["Tune"] is True
    statuses = [shop.package(each["model_package_arn"])["ModelApprovalStatus"] for each in (outcome, again)]
    assert statuses == ["PendingManualApproval", "Approved"]

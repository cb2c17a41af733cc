"""The Trial step: a temporary endpoint is asked, judged and deleted, whatever happens."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from contextlib import suppress
from pathlib import Path

import fasttext
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

import digests
import trial
from failure import StepError
from model_build.cli import app
from prediction import contract
from prediction.predictor import Predictor
from trials import asking, endpoint, expected
from trials.endpoint import Request

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"
LABELS = ("bad", "good")
WORDS = {"good": "lovely soft dress fits well", "bad": "awful scratchy dress fell apart"}
TEXTS = ["Lovely soft dress", "fits well", "...", *["awful dress", "it fell apart"] * 6]
RULES = "def tokenise(text, rules):\n    return ' '.join(text.lower().replace('.', '').split())\n"
GATE = {"passed": True, "reason": "Good.", "metric": "macro_f1", "candidate": 0.9, "champion": None}
GATE |= {"minimum": 0.6, "max_regression": 0.0, "forced": False}
PROJECT_TAG = "sagemaker:project-name"


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    """A model as BlazingText packs it."""
    folder = tmp_path_factory.mktemp("model")
    lines = [f"__label__{label} {words}\n" for label, words in WORDS.items()]
    (folder / "train.txt").write_text("".join(lines * 50))
    model = fasttext.train_supervised(
        str(folder / "train.txt"), thread=1, dim=4, epoch=20, lr=0.5, minCount=1, bucket=0, verbose=0
    )
    model.save_model(str(folder / "model.bin"))
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(folder / "model.bin", "model.bin")
    return folder / "model.tar.gz"


class Job:
    """The folders of one Trial job. Evaluate answered as the candidate does, unless the test says otherwise."""

    def __init__(self, aws, root: Path, artifact: Path) -> None:
        self.aws, self.root = aws, root
        self.prefix, self.force = f"{aws.name}-trial", "none"
        self.environment: tuple[str, ...] = ()
        self.key, self.execution = "models/model.tar.gz", "abc123"
        aws.client("s3").put_object(Bucket=aws.bucket, Key=self.key, Body=artifact.read_bytes())
        described = {"version": 1, "recipe": "garments", "labels": LABELS, "multi_label": False}
        for job in ("", "evaluate/"):  # importing leaves bytecode in a folder
            self.put(f"{job}contract/text_rules.py", RULES)
            stated = described | {"threshold": None, "text_rules": {}}
            self.put(f"{job}contract/contract.json", json.dumps(stated))
        self.sha256 = digests.of_folder(root / "contract")
        self.terms = contract.load(root / "evaluate/contract", self.sha256, "candidate")
        self.evaluated()
        self.config()
        self.answered(Predictor(artifact, self.terms, "candidate").predict(TEXTS, LABELS).probabilities)

    def put(self, name: str, content: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def evaluated(self, **gate) -> None:
        document = {"version": 1, "candidate": {"labels": LABELS}, "gate": GATE | gate}
        self.put("evaluation/evaluation.json", json.dumps(document))

    def answered(self, probabilities) -> None:
        expected.write(self.root / "answers", LABELS, TEXTS, probabilities, len(TEXTS))
        self.probabilities = probabilities

    def config(self, **changes) -> None:
        stated = {"kind": "realtime", "instance_type": "ml.m5.large", "memory_mb": None, "tolerance": 0.01}
        stated |= {"max_p99_milliseconds": None, "max_wait_seconds": 60}
        self.put("trial.json", json.dumps(stated | changes))

    def arguments(self) -> list[str]:
        self.put("job.json", json.dumps({"ProcessingJobName": f"pipelines-{self.execution}-Trial-x1"}))
        given = {"config": "trial.json", "evaluation": "evaluation", "answers": "answers", "job": "job.json"}
        given |= {"contract": "contract", "output": "output", "message": "message"}
        paths = {name: str(self.root / path) for name, path in given.items()}
        paths |= {"contract-sha256": self.sha256, "prefix": self.prefix, "role": self.aws.role_arn}
        paths |= {"image": IMAGE, "model": f"s3://{self.aws.bucket}/{self.key}", "force-reason": self.force}
        pairs = [
            ("tag", f"{PROJECT_TAG}={self.aws.name}"),
            *(("environment", each) for each in self.environment),
        ]
        return [part for name, value in (*paths.items(), *pairs) for part in (f"--{name}", value)]

    def run(self):
        """What evaluation.json says afterwards."""
        runtime = self.aws.client("sagemaker-runtime")
        trial.trial(trial.arguments(self.arguments()), self.aws.client("sagemaker"), runtime)
        return json.loads((self.root / "output/evaluation/evaluation.json").read_text())

    def start(self) -> subprocess.Popen[bytes]:
        """The step in a process of its own, once its endpoint answers."""
        process = subprocess.Popen([sys.executable, trial.__file__, *self.arguments()], env=self.variables())
        while self.status() != "InService":
            assert process.poll() is None
            time.sleep(0.05)
        return process

    def variables(self) -> dict[str, str]:
        return self.aws.environment

    def status(self) -> str:
        with suppress(ClientError):
            name = f"{self.prefix}-{self.execution}"
            return self.aws.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointStatus"]
        return ""

    def left(self) -> set[str]:
        """The names of endpoints that are not being deleted, configurations and models."""
        sagemaker, found = self.aws.client("sagemaker"), set()
        for each in sagemaker.list_endpoints(NameContains=self.aws.name)["Endpoints"]:
            if each["EndpointStatus"] != "Deleting":
                found.add(each["EndpointName"])
        configs = sagemaker.list_endpoint_configs(NameContains=self.aws.name)["EndpointConfigs"]
        models = sagemaker.list_models(NameContains=self.aws.name)["Models"]
        return (
            found | {each["EndpointConfigName"] for each in configs} | {each["ModelName"] for each in models}
        )

    def leave(self, execution: str, seconds: float) -> str:
        """A trial as a job leaves it that was killed; its time is over in so many seconds."""
        tags = {PROJECT_TAG: self.aws.name}
        model = f"s3://{self.aws.bucket}/{self.key}"
        request = Request(
            self.prefix, execution, self.aws.role_arn, IMAGE, model, {}, tags, "serverless", None, 1024, 60
        )
        sagemaker = self.aws.client("sagemaker")
        endpoint.create(sagemaker, request, seconds)
        endpoint.wait_until_in_service(sagemaker, request)
        return request.name

    def clean(self, *options: str):
        environment = {**dict.fromkeys(os.environ), **self.variables()}
        done = CliRunner().invoke(app, ["clean", "--json", *options], env=environment)
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def job(aws, tmp_path, artifact, monkeypatch):
    monkeypatch.setattr(endpoint, "_PAUSE", 0.05)
    return Job(aws, tmp_path, artifact)


def test_an_endpoint_that_answers_as_evaluate_did_passes_with_its_figures_and_is_deleted(job):
    job.config(max_p99_milliseconds=50_000)
    found = job.run()
    assert found["gate"]["passed"] is True
    figures = found["trial"]
    # One text has no tokens: it is answered without a model.
    assert (figures["texts"], figures["differing"]) == (len(TEXTS) - 1, 0)
    assert 0 < figures["p50_milliseconds"] <= figures["p99_milliseconds"]
    assert found["gate"]["reason"] == (
        f"Good. The trial endpoint answered all {len(TEXTS) - 1} texts as Evaluate did, and its p99 is "
        f"{figures['p99_milliseconds']:g} ms, within the limit of 50000 ms."
    )
    assert job.left() == set()


def test_a_candidate_that_answers_otherwise_than_in_evaluate_is_refused(job):
    job.answered(job.probabilities[:, ::-1])
    found = job.run()
    assert found["gate"]["passed"] is False
    assert f"answered {len(TEXTS) - 1} of {len(TEXTS) - 1} texts otherwise" in found["gate"]["reason"]
    first = found["trial"]["differences"][0]
    assert first["text"] == TEXTS[0]
    assert "in place of" in first["what"]
    assert job.left() == set()


def test_a_serverless_endpoint_that_is_too_slow_is_refused_with_the_figure(job):
    job.config(kind="serverless", instance_type=None, memory_mb=2048, max_p99_milliseconds=30)
    job.environment = ("LOCAL_AWS_FAULT=slow:60",)
    found = job.run()
    assert found["gate"]["passed"] is False
    figure = found["trial"]["p99_milliseconds"]
    assert figure > 60
    assert f"but its p99 is {figure:g} ms, above the limit of 30 ms." in found["gate"]["reason"]
    assert found["trial"]["memory_mb"] == 2048


def test_force_passes_what_the_trial_refused_and_says_so(job):
    job.config(max_p99_milliseconds=0.001)
    job.force = "it is faster in production"
    gate = job.run()["gate"]
    assert (gate["passed"], gate["forced"]) == (True, True)
    assert gate["reason"].startswith(
        "Forced: it is faster in production. The gate had refused: Good. The trial"
    )


def test_a_refused_candidate_gets_no_endpoint(job):
    job.evaluated(passed=False, reason="macro_f1 is too low.")
    job.key = "there is none"
    found = job.run()
    assert (found["trial"], found["gate"]["reason"]) == (None, "macro_f1 is too low.")


def test_a_model_that_fails_at_every_text_is_a_clear_failure_and_is_deleted(job):
    job.environment = ("LOCAL_AWS_FAULT=answers-500",)
    with pytest.raises(
        StepError, match=r"answered no text\. Received server error \(500\).* It was deleted\.$"
    ):
        job.run()
    assert job.left() == set()


def test_an_endpoint_that_fails_is_named_with_its_reason_and_deleted(job):
    broken = io.BytesIO()
    with tarfile.open(fileobj=broken, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("readme.txt"))
    job.aws.client("s3").put_object(Bucket=job.aws.bucket, Key=job.key, Body=broken.getvalue())
    with pytest.raises(StepError, match=r"The trial endpoint \S+-trial-abc123 failed: .* It was deleted\.$"):
        job.run()
    assert job.left() == set()


def test_what_an_earlier_attempt_of_the_execution_left_is_replaced(job):
    job.leave(job.execution, 3600)
    assert job.run()["gate"]["passed"] is True
    assert job.left() == set()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_job_deletes_its_endpoint_and_a_killed_ones_is_cleaned(job, ending):
    job.prefix = f"{job.aws.name}-pr-7-trial"
    job.environment = ("LOCAL_AWS_FAULT=hangs",)
    process = job.start()
    process.send_signal(ending)
    code = process.wait(timeout=60)
    if ending is signal.SIGTERM:
        assert code == 128 + signal.SIGTERM
    else:
        assert job.left() == {f"{job.prefix}-abc123"}
        assert job.clean("--pull-request", "7")["trials"] == [f"{job.prefix}-abc123"]
    assert job.left() == set()


@pytest.mark.parametrize("by", ["the next trial", "clean"])
def test_only_what_is_left_over_of_the_project_is_deleted(job, by):
    over, running = job.leave("over1", -60), job.leave("running1", 3600)
    foreign = f"{job.prefix}-foreign1"
    job.aws.client("sagemaker").create_model(
        ModelName=foreign,
        ExecutionRoleArn=job.aws.role_arn,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://{job.aws.bucket}/{job.key}"},
        Tags=[
            {"Key": PROJECT_TAG, "Value": "another"},
            {"Key": endpoint.DEADLINE, "Value": "2020-01-01T00:00:00Z"},
        ],
    )
    if by == "clean":
        assert job.clean("--trials")["trials"] == [over]
        assert "trials" not in job.clean("--trials")
    else:
        assert endpoint.sweep(job.aws.client("sagemaker"), job.prefix, job.aws.name) == [over]
    assert job.left() == {running, foreign}


class NeverReady:
    """SageMaker, where an endpoint is created for longer than anybody waits. It is refused to be deleted `refusals` times."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.deleted: list[str] = []

    def describe_endpoint(self, **request):
        return {"EndpointStatus": "Creating"}

    def delete_endpoint(self, **request):
        if self.refusals:
            self.refusals -= 1
            problem = {"Code": "ValidationException", "Message": 'Cannot update in-progress endpoint "arn".'}
            raise ClientError({"Error": problem}, "DeleteEndpoint")
        self.deleted.append("endpoint")

    def __getattr__(self, name):
        return lambda **request: self.deleted.append(name) if name.startswith("delete_") else None


@pytest.mark.parametrize("refusals", [0, 3, 10_000])
def test_a_trial_that_never_becomes_ready_fails_within_its_limit_and_deletes_what_it_made(
    monkeypatch, refusals
):
    monkeypatch.setattr(endpoint, "_PAUSE", 0.0)
    monkeypatch.setattr(trial, "DELETING_SECONDS", 0.01 if refusals > 3 else 60)
    sagemaker = NeverReady(refusals)
    request = Request(
        "shop-trial", "abc", "role", IMAGE, "s3://b/m", {}, {}, "realtime", "ml.m5.large", None, 0
    )
    with pytest.raises(StepError) as caught, trial._endpoint(sagemaker, request):
        endpoint.wait_until_in_service(sagemaker, request)
    said = str(caught.value)
    assert said.startswith("The trial endpoint shop-trial-abc was still Creating after 0 s")
    if refusals > 3:
        assert "`model-build clean --trials` deletes it later" in said
        assert sagemaker.deleted == []
    else:
        assert said.endswith("It was deleted.")
        assert sagemaker.deleted == ["endpoint", "delete_endpoint_config", "delete_model"]


class Runtime:
    """A runtime whose endpoint answers every request with `content`."""

    def __init__(self, content: str) -> None:
        self.content = content

    def invoke_endpoint(self, **request):
        return {"Body": io.BytesIO(self.content.encode())}


WELL = '[{"label": ["__label__good", "__label__bad"], "prob": [0.9, 0.1]}]'


def ask(job, content, tolerance=0.05):
    return asking.ask(Runtime(content), "x", job.terms, expected.load(job.root / "answers"), tolerance)


def test_a_score_outside_the_tolerance_is_another_answer(job):
    job.answered(job.probabilities * 0 + [0.1, 0.9])
    assert ask(job, WELL).differences == ()
    served = ask(job, WELL.replace("0.9", "0.7").replace("0.1]", "0.3]"))
    assert len(served.differences) == served.texts == len(TEXTS) - 1
    assert served.differences[0].what in (
        "bad 0.3000 in place of 0.1000",
        "good 0.7000 in place of 0.9000",
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[]", "It answered '\\[\\]'"),
        ('{"predictions": 1}', "predictions"),
        (WELL.replace("good", "fine"), "__label__fine"),
    ],
)
def test_what_is_no_answer_by_the_contract_is_told_as_it_came(job, content, problem):
    with pytest.raises(StepError, match=f"answered no text.*{problem}.*which is not what the contract says"):
        ask(job, content)


def test_a_label_that_turns_over_within_the_tolerance_is_another_answer_and_a_tie_is_none(job):
    for score, alike in ((0.500001, True), (0.504, False)):
        job.answered(job.probabilities * 0 + [score, 1 - score])
        answer = WELL.replace("0.9", str(score)).replace("0.1]", f"{1 - score}]")
        assert (ask(job, answer).differences == ()) is alike


def test_a_trial_is_run_by_a_pipeline_alone(job):
    job.execution = "Somebody"
    with pytest.raises(StepError, match="expected pipelines-EXECUTION-"):
        job.run()

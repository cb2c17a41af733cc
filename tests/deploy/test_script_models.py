"""Models that serve by scripts of their own, in a framework's image: rolled out, verified, asked by every door."""

import json

import pytest

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ENVIRONMENT = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}

SCRIPT = """
import json, time

def model_fn(folder):
    return None

def input_fn(body, kind):
    if kind == "application/json":
        return json.loads(body)["texts"]
    return [json.loads(line)["text"] for line in body.splitlines()]

def predict_fn(texts, model):
    return [answer("awful" in text) for text in texts]

def answer(is_complaint):
    return {{"names": ["positive", "negative"], "values": [0.1, 0.9] if is_complaint else [0.8, 0.2]}}

def output_fn(answers, accept):
    {output}
"""
RIGHT = r"""
    lines = accept == "application/jsonlines"
    return ("\n".join(map(json.dumps, answers)) if lines else json.dumps(answers)), accept
"""
SERVING = {
    "request": {"texts": "texts", "count": None},
    "line": {"text": "text", "count": None},
    "answer": {"labels": "names", "scores": "values", "prefix": ""},
}
CONTRACT = {"version": 2, "thresholds": None, "serving": SERVING}
SERVERLESS = "endpoint: {kind: serverless, memory_mb: 1024, max_concurrency: 5}\n"


def register(project, name, output):
    project.add_model(name, {"code/inference.py": SCRIPT.format(output=output.strip()).encode()})
    return project.register(name, image=IMAGE, environment=ENVIRONMENT, contract=CONTRACT)


def roll_out(project, arn):
    return project.run("rollout", "--stage", "staging", "--model-package", arn, "--json")


@pytest.fixture(scope="module")
def live(make_project):
    """A project whose staging serves a script, with an API, which had a fastText model of contract version 1 before."""
    with make_project() as made:
        stage = made.root / "stages" / "staging.yaml"
        stage.write_text(f"{stage.read_text()}\napi: {{kind: http_api, auth: iam}}\n")
        made.json("rollout", "--stage", "staging", "--model-package", made.register())
        made.first = register(made, "script", RIGHT)
        made.result = made.json("rollout", "--stage", "staging", "--model-package", made.first)
        yield made


def test_a_script_takes_over_from_blazingtext_and_is_verified_by_endpoint_and_api(live):
    assert live.result["verified"] is True
    assert sorted(live.result["milliseconds"]) == ["api", "endpoint"]
    assert live.live_package("staging") == live.first


def test_its_container_is_told_where_the_script_is(live):
    assert ENVIRONMENT.items() <= live.container("staging")["Environment"].items()


def test_batch_asks_it_line_by_line_in_its_own_words(live):
    body = '{"text": "I love it"}\n{"text": "Awful"}\n'
    live.client("s3").put_object(Bucket=live.bucket, Key="texts.jsonl", Body=body)
    done = live.json("batch", "--stage", "staging", "--input", f"s3://{live.bucket}/texts.jsonl")
    bucket, _, key = done["output"].removeprefix("s3://").partition("/")
    answers = live.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().splitlines()
    told = [json.loads(answer) for answer in answers]
    assert [(each["label"], each["confidence"]) for each in told] == [("positive", 0.8), ("negative", 0.9)]


@pytest.fixture(scope="module")
def wrong(make_project):
    """A project whose models answer wrongly, one after the other."""
    with make_project() as made:
        yield made


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("raise RuntimeError('no weights')", "no weights"),
        ("return json.dumps([7 for answer in answers]), accept", "cannot be read"),
        ("return json.dumps(answers[:1]), accept", "texts were sent and 1 answers came back"),
        (
            "return json.dumps([dict(answer, names=['x', 'y']) for answer in answers]), accept",
            "answered x, y; the labels are",
        ),
        ("return 7", "output_fn returned int"),
    ],
    ids=["raises", "another shape", "too few", "other labels", "no body"],
)
@pytest.mark.slow
def test_a_script_that_answers_wrongly_is_not_verified(wrong, output, said):
    result = roll_out(wrong, register(wrong, "wrong", output))
    assert result.exit_code == 3, result.stderr
    assert said in result.stdout + result.stderr


@pytest.mark.slow
def test_a_script_serves_without_a_server_too(make_project):
    with make_project() as project:
        (project.root / "stages" / "staging.yaml").write_text(SERVERLESS)
        result = roll_out(project, register(project, "script", RIGHT))
        assert result.exit_code == 0, result.stderr
        assert json.loads(result.stdout)["verified"] is True

"""`make demo`'s command, as a newcomer runs it, on a small data set of ours."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCAL_AWS = str(Path(sys.executable).with_name("local-aws"))

pytestmark = pytest.mark.slow

WORDS = {
    -2.5: ["terrible", "worst", "bad", "problem", "problems", "disappointment"],
    0.1: ["arrived", "box", "cable", "manual", "monday", "adapter"],
    2.4: ["love", "great", "perfect", "excellent", "easy", "use"],
}
"""As deploy/checks/amazon-sentences.json has them: what is trained here is verified there."""


def sentences(path, signal):
    """Rows like the labelled Amazon sentences': id, mean rating, text; without `signal` the words say nothing."""
    draw = random.Random(1)
    everything = [word for words in WORDS.values() for word in words]
    rows = []
    for number in range(900):
        rating = draw.choice(list(WORDS))
        text = " ".join(draw.choices(WORDS[rating] if signal else everything, k=6))
        rows.append(f"{number}\t{rating}\t{text}\n")
    path.write_text("".join(rows))
    return path


def demo(*arguments):
    return subprocess.run(
        [LOCAL_AWS, "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, "AWS_PROFILE": "real"},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )


def test_with_json_stdout_is_one_object_that_tells_the_whole_story(tmp_path):
    data = sentences(tmp_path / "sentences.tsv", signal=True)
    done = demo("--json", "--data", str(data), "--recipe", "amazon-sentences")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["data"]["source"] == str(data)
    assert (told["data"]["rows"], told["data"]["used"], told["data"]["dropped"]) == (900, 900, {})
    assert told["pipeline"]["status"] == "Succeeded"
    # Without Train: the merge takes over what its pull request trained.
    assert [step["name"] for step in told["pipeline"]["steps"]] == [
        "Prepare",
        "Evaluate",
        "Gate",
        "CreateModel",
        "Register",
    ]
    assert {step["status"] for step in told["pipeline"]["steps"]} == {"Succeeded"}
    assert told["gate"]["passed"] is True
    assert told["metrics"]["macro_f1"] > 0.9
    assert told["model_package_arn"].endswith(":model-package/shop-models/1")
    assert Path(told["report"]["html"]).is_file()
    assert [(stage["name"], stage["status"], stage["verified"]) for stage in told["stages"]] == [
        ("staging", "InService", True),
        ("production", "InService", True),
    ]
    assert {stage["model_package_arn"] for stage in told["stages"]} == {told["model_package_arn"]}
    assert [each["label"] for each in told["predictions"][:2]] == ["positive", "negative"]
    rollback = told["rollback"]
    assert "ContractFailures" in rollback["cause"]
    assert (rollback["failed_requests"], rollback["restored"]) == (0, told["model_package_arn"])
    assert rollback["requests"] > 0
    assert rollback["contract_failures"] > 0
    assert told["seconds"] > 0
    log = re.search(r"What commands and jobs say: (\S+)", done.stderr)[1]
    assert {"CREATE_COMPLETE", "== build #1, job try", "== deploy #1, job production"} <= set(
        re.findall(r"CREATE_COMPLETE|== \w+ #\d+, job \w+", Path(log).read_text())
    )
    acts = re.findall(r"^ *\d+ s  (.+)$", done.stderr, re.MULTILINE)
    assert [act.split()[0] for act in acts] == [
        "A", "Ada", "Ada", "Ada", "Ada", "Grace", "Production", "Somebody", "An", "The", "The",
    ]  # fmt: skip
    assert len(done.stderr.splitlines()) <= 45
    assert "CREATE_COMPLETE" not in done.stderr
    Path(log).unlink()


def test_a_model_that_the_gate_refuses_ends_the_demonstration_with_its_exit_code(tmp_path):
    data = sentences(tmp_path / "noise.tsv", signal=False)
    done = demo("--data", str(data), "--recipe", "amazon-sentences")
    assert done.returncode == 3, done.stderr
    assert "below the minimum" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_file_that_is_not_there_is_a_usage_error(tmp_path):
    done = demo("--data", "nowhere.csv")
    assert done.returncode == 2
    assert "nowhere.csv" in done.stderr
    assert done.stdout == ""


def test_outside_the_repository_it_says_where_it_belongs(tmp_path):
    done = demo("--root", str(tmp_path))
    assert done.returncode == 2
    assert "inside the repository" in done.stderr

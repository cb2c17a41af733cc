"""A recipe whose model is a script's, from rows to a verified endpoint, by the commands that a data scientist types."""

import csv
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TEMPLATE = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent
LABELS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
WORDS = {
    "clean": "thank you please add a reference to the article section history town moved page edits",
    "toxic": "stupid idiot moron shut up",
    "insult": "you are a stupid idiot moron",
    "threat": "i will come and hurt",
}

# In one server's life: train and register, approve, roll out to staging.
LOOP = f"""
set -e
{SCRIPTS}/model-build run --root {TEMPLATE}/build --recipe toxic-comments --minimum 0.1 --data "$1" --json > "$2/run.json"
{SCRIPTS}/python - "$2/run.json" > "$2/arn" <<PY
import json, sys
import boto3
arn = json.load(open(sys.argv[1]))["model_package_arn"]
boto3.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
print(arn)
PY
{SCRIPTS}/model-deploy rollout --root {TEMPLATE}/deploy --stage staging --model-package "$(cat "$2/arn")" --json > "$2/rollout.json"
"""


def comments(path: Path) -> None:
    """Rows like the Jigsaw competition's, of few words; deploy/checks has the same ones."""
    draw = random.Random(1)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["comment_text", *LABELS])
        for _ in range(1500):
            kind = draw.choice(["clean", "clean", "clean", "insult", "threat"])
            text = " ".join(draw.choices(WORDS[kind].split(), k=8))
            given = {"insult": {"toxic", "insult"}, "threat": {"toxic", "threat"}}.get(kind, set())
            rows.writerow([text, *(int(label in given) for label in LABELS)])


def test_a_script_is_trained_gated_registered_approved_and_served(tmp_path):
    data = tmp_path / "comments.csv"
    comments(data)
    done = subprocess.run(
        [SCRIPTS / "local-aws", "exec", "--", "bash", "-c", LOOP, "loop", data, tmp_path],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["gate"]["metric"] == "mean_average_precision"
    assert run["gate"]["minimum"] == 0.1
    assert run["metrics"]["mean_roc_auc"] > 0.9
    rollout = json.loads((tmp_path / "rollout.json").read_text())
    assert rollout["verified"] is True

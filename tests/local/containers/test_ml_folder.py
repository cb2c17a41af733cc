"""Paths under /opt/ml: where they lie here, and what a job is told that cannot have them literally."""

import json
from pathlib import Path

import pytest

from local_aws.containers.ml_folder import MlFolder


@pytest.fixture
def rewritten(tmp_path):
    return MlFolder(tmp_path / "ml", literal=False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/opt/ml/model", "HOST/model"),
        ("--in=/opt/ml/a --out=/opt/ml/b", "--in=HOST/a --out=HOST/b"),
        ("cd /opt/ml", "cd HOST"),
        ('["/opt/ml/input"]', '["HOST/input"]'),
        ("s3://bucket/opt/ml/model", "s3://bucket/opt/ml/model"),
        ("/opt/mlflow/run", "/opt/mlflow/run"),
        ("/opt/ml-data", "/opt/ml-data"),
    ],
)
def test_only_paths_under_opt_ml_are_rewritten(rewritten, text, told):
    assert rewritten.told(text) == told.replace("HOST", str(rewritten.host))


def test_nothing_is_rewritten_where_paths_are_literal(tmp_path):
    assert MlFolder(tmp_path, literal=True).told("/opt/ml/model") == "/opt/ml/model"


def test_a_path_lies_in_the_jobs_folder(rewritten):
    assert rewritten.path("/opt/ml/input/data") == rewritten.host / "input/data"


@pytest.mark.parametrize("outside", ["/etc/passwd", "/opt/ml/../../etc", "model"])
def test_a_path_that_leads_elsewhere_is_refused(rewritten, outside):
    with pytest.raises(ValueError, match=outside):
        rewritten.path(outside)


def test_configuration_names_the_paths_that_the_job_has(rewritten):
    rewritten.write_json("/opt/ml/config/c.json", {"LocalPath": "/opt/ml/processing/input"})
    assert json.loads(rewritten.read("/opt/ml/config/c.json")) == {
        "LocalPath": str(rewritten.host / "processing/input")
    }


def test_a_file_that_the_job_has_not_written_reads_as_empty(rewritten):
    assert rewritten.read("/opt/ml/output/failure") == ""


def test_scripts_are_rewritten_and_data_is_not(rewritten):
    for name in ("run.py", "run.sh", "data.csv"):
        rewritten.path("/opt/ml/code").mkdir(parents=True, exist_ok=True)
        rewritten.path(f"/opt/ml/code/{name}").write_bytes(b"\xff /opt/ml/model")
    rewritten.tell_scripts("/opt/ml/code")
    there = {path.name: path.read_bytes() for path in Path(rewritten.host, "code").iterdir()}
    told = b"\xff " + str(rewritten.host / "model").encode()
    assert there == {"run.py": told, "run.sh": told, "data.csv": b"\xff /opt/ml/model"}

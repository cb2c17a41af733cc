"""Prepare on Spark: row for row what the standard library's engine writes. Needs pyspark and Java (`make extras`)."""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import prepare
from failure import StepError
from model_build.recipe import Recipe
from preparation import cluster

try:
    import pyspark  # noqa: F401

    PYSPARK = True
except ImportError:
    PYSPARK = False

RECIPE = {
    "name": "reviews",
    "data": {"format": "csv", "text": ["title", "body"], "label": "stars", "max_dropped_share": 0.5},
    "labels": {"names": ["bad", "good"], "rules": [{"name": "bad", "max": 3}, {"name": "good", "min": 4}]},
    "gate": {"minimum": 0.5},
}
FILES = ("train/train.txt", "validation/validation.txt", "holdout/holdout.jsonl")
needs_spark = pytest.mark.skipif(
    not PYSPARK or shutil.which("java") is None, reason="needs pyspark and Java: make extras"
)


def config(**more):
    return Recipe.parse({**RECIPE, **more}, Path("test.yaml")).prepare_config()


def write_parts(folder):
    """Five parts, plain and gzip, with quotes, line breaks, commas, emoji, right-to-left text and unusable rows."""
    folder.mkdir()
    for part in range(5):
        lines = ["title,body,stars"]
        for row in range(300):
            number = part * 300 + row
            body = (
                f'Size {number}, ""great""'
                + ("\nand a second line" if row % 3 == 0 else "")
                + " \u05e9\u05dc\u05d5\u05dd \U0001f600"
            )
            lines.append(
                f'"{hashlib.sha256(str(number).encode()).hexdigest()}","{body if row % 50 else ""}",{1 + number % 5}'
            )
        content = ("\n".join(lines) + "\n").encode()
        if part % 2:
            (folder / f"part-{part}.csv.gz").write_bytes(gzip.compress(content))
        else:
            (folder / f"part-{part}.csv").write_bytes(content)


@needs_spark
@pytest.mark.slow
def test_spark_writes_the_rows_of_the_standard_library(tmp_path):
    write_parts(tmp_path / "data")
    script = tmp_path / "both.py"
    # A Java virtual machine of its own: it ends with the process.
    script.write_text(
        "import json, sys, pathlib, prepare\n"
        "for name, config in json.load(open(sys.argv[1])).items() if __name__ == '__main__' else ():\n"
        "    prepare.prepare(config, pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3], name), 3)\n"
    )
    configs = {}
    for way, split in (
        ("hashed", {}),
        ("ordered", {"ordered": True, "train": 0.5, "validation": 0.2, "test": 0.3}),
    ):
        for engine in ("stdlib", "spark"):
            configs[f"{way}-{engine}"] = config(split=split, prepare={"engine": engine})
    (tmp_path / "configs.json").write_text(json.dumps(configs))
    steps = str(Path(prepare.__file__).parent)
    done = subprocess.run(
        [sys.executable, script, tmp_path / "configs.json", tmp_path / "data", tmp_path / "out"],
        env={**os.environ, "PYTHONPATH": steps, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for way in ("hashed", "ordered"):
        one, other = (tmp_path / "out" / f"{way}-{engine}" for engine in ("stdlib", "spark"))
        for name in FILES:
            assert (one / name).read_bytes() == (other / name).read_bytes(), (way, name)
        mine, theirs = (json.loads((each / "summary/prepare.json").read_text()) for each in (one, other))
        assert mine["rows"] == 1500
        for summary in (mine, theirs):
            del summary["seconds"], summary["workers"]
        assert mine == theirs


def test_without_pyspark_the_step_says_what_to_install(tmp_path, monkeypatch):
    write_parts(tmp_path / "data")
    monkeypatch.setitem(sys.modules, "pyspark", None)

    with pytest.raises(StepError, match=r"no pyspark.*install pyspark 3.5 and Java 17.*engine: stdlib"):
        prepare.prepare(config(prepare={"engine": "spark"}), tmp_path / "data", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_java_the_step_says_what_to_install(monkeypatch):
    monkeypatch.setattr(cluster.shutil, "which", lambda program: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setitem(sys.modules, "pyspark", type(sys)("pyspark"))
    monkeypatch.setattr(sys.modules["pyspark"], "SparkConf", None, raising=False)
    monkeypatch.setattr(sys.modules["pyspark"], "SparkContext", None, raising=False)

    with pytest.raises(StepError, match=r"no Java\. Install Java 17"):
        cluster.Cluster()

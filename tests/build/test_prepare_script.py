"""Preparation by a script of the team's own: what it is told, and what it may write."""

import json
from pathlib import Path

import pytest

import prepare_script
from failure import StepError
from model_build.aws import code
from model_build.errors import RecipeError, UsageError
from model_build.recipe import Recipe

DOCUMENT = {
    "name": "reviews",
    "data": {"format": "csv", "text": "text", "label": "label"},
    "labels": {"names": ["bad", "good"]},
    "prepare": {"script": "halves", "arguments": {"language": "en", "strict": True}},
    "gate": {"minimum": 0.5},
}
SCRIPT = """
import argparse, json, pathlib
import helper, text_rules
parser = argparse.ArgumentParser()
for name in ("config", "data", "output", "language", "strict"):
    parser.add_argument(f"--{name}")
options = parser.parse_args()
assert (options.language, options.strict) == ("en", "true")
rules = json.load(open(options.config))["text_rules"]
rows = [line.split(",") for line in pathlib.Path(options.data).read_text().split()]
output = pathlib.Path(options.output)
for split in ("train", "validation"):
    lines = [f"__label__{label} {text_rules.tokenise(helper.loud(text), rules)}\\n" for text, label in rows]
    (output / split / "part.txt").write_text("".join(lines))
holdout = [json.dumps({"text": text, "labels": [label]}) + "\\n" for text, label in rows]
(output / "holdout" / "holdout.jsonl").write_text("".join(holdout))
"""


def recipe(**changes):
    return Recipe.parse(DOCUMENT | changes, Path("reviews.yaml"))


@pytest.fixture
def job(tmp_path, repository):
    """The folders of a job whose code is what `model-build run` uploads; returns a way to run it."""
    root = tmp_path / "build"
    (root / "scripts").mkdir(parents=True)
    (root / "steps").symlink_to(repository / "steps")
    (root / "scripts/helper.py").write_text("def loud(text):\n    return text.upper()\n")
    (tmp_path / "data.csv").write_text("lovely,good\nawful,bad\n")

    def run(text=SCRIPT):
        (root / "scripts/halves.py").write_text(text)
        folder = code.assemble(recipe(), root / "steps").prepare
        for name, content in folder.files.items():
            path = tmp_path / "code" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        config = tmp_path / "code/prepare.json"
        output = tmp_path / "output"
        arguments = ["--config", config, "--data", tmp_path / "data.csv", "--output", output]
        prepare_script.main([str(each) for each in [*arguments, "--message", tmp_path / "message"]])
        return json.loads((output / "summary/prepare.json").read_text()), output

    return run


def test_the_script_has_the_data_its_arguments_and_the_rules_that_the_model_is_served_with(job):
    summary, output = job()

    assert (output / "train/part.txt").read_text() == "__label__good lovely\n__label__bad awful\n"
    assert (summary["rows"], summary["used"], summary["dropped"]) == (6, 6, {})
    assert summary["splits"]["test"] == {"rows": 2, "labels": {"good": 1, "bad": 1}}


def test_the_scripts_own_summary_says_what_it_dropped(job):
    dropped = (
        '(output / \'summary/prepare.json\').write_text(\'{"rows": 9, "dropped": {"spam": {"count": 3}}}\')'
    )
    summary, _ = job(SCRIPT + dropped)

    assert summary["rows"] == 9
    assert summary["dropped"]["spam"]["count"] == 3


BAD_SCRIPTS = {
    "raises": (
        "raise SystemExit('the columns differ')",
        "halves.py failed with exit code 1: the columns differ",
    ),
    "writes nothing": ("", "The script wrote no example for train"),
    "writes an unknown label": (
        SCRIPT.replace("__label__{label}", "__label__ugly"),
        "line 1 has the label 'ugly'",
    ),
    "writes no holdout": (SCRIPT.partition("holdout =")[0], "The script wrote no .*holdout.jsonl"),
    "writes a holdout of lists": (
        SCRIPT.replace('"".join(holdout)', '"[1]"'),
        r"line 1 is not .*: '\[1\]'",
    ),
    "writes a summary that is none": (
        SCRIPT + "(output / 'summary/prepare.json').write_text('[]')",
        "prepare.json is not a summary",
    ),
}


def test_a_script_that_does_not_keep_to_the_contract_is_named_with_file_and_line(job, capsys, tmp_path):
    for why, (text, message) in BAD_SCRIPTS.items():
        with pytest.raises(SystemExit) as caught:
            job(text)
        assert isinstance(caught.value.__cause__, StepError), why
        assert caught.match(message), why
        assert (tmp_path / "message").read_text()
        for path in (tmp_path / "output").rglob("*.*"):
            path.unlink()


def test_a_script_that_is_not_there_is_refused_before_anything_runs(tmp_path, repository):
    with pytest.raises(UsageError, match=r"prepare.script is halves, and there is no .*scripts/halves.py"):
        code.assemble(recipe(), repository / "steps")


def test_a_script_prepares_in_place_of_an_engine():
    for prepare, message in (
        ({"script": "halves", "engine": "spark"}, "prepare.engine"),
        ({"arguments": {"a": 1}}, "prepare.arguments"),
        ({"script": "halves", "arguments": {"data": "x"}}, "prepare.arguments.data"),
    ):
        with pytest.raises(RecipeError) as caught:
            recipe(prepare=prepare)
        assert message in str(caught.value)

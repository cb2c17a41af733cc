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


GOOD_LINE, HELD_OUT = "__label__good lovely\n", '{"text": "lovely", "labels": ["good"]}\n'
WRITTEN = {
    "a label that is a number": ({"holdout/holdout.jsonl": '{"text": "a", "labels": [1]}'}, "holdout.jsonl, line 1 has the label 1. Expected: a label's name in quotes."),
    "a label that is a list": ({"holdout/holdout.jsonl": HELD_OUT + '{"text": "a", "labels": [["good"]]}'}, 'line 2 has the label ["good"]. Expected: a label'),
    "a label that is unknown": ({"holdout/holdout.jsonl": '{"text": "a", "labels": ["odd"]}'}, "line 1 has the label 'odd', which the recipe does not know. Its labels: bad, good."),
    "labels that are a text": ({"holdout/holdout.jsonl": '{"text": "a", "labels": "good"}'}, "line 1 has a text that is not a string, or labels that are not a list."),
    "a text that is none": ({"holdout/holdout.jsonl": '{"text": null, "labels": ["good"]}'}, "line 1 has a text that is not a string, or labels that are not a list."),
    "two labels": ({"holdout/holdout.jsonl": '{"text": "a", "labels": ["good", "bad"]}'}, "line 1 has 2 labels; the recipe gives each text exactly one."),
    "a blank line": ({"train/part.txt": GOOD_LINE + "\n"}, "part.txt, line 2 has 0 labels; the recipe gives each text exactly one."),
    "no UTF-8": ({"validation/part.txt": b"__label__good caf\xe9"}, "part.txt is not UTF-8: "),
    "no validation": ({"validation/part.txt": ""}, "The script wrote no example for validation; each of train, validation and holdout needs some."),
    "no JSON": ({"holdout/holdout.jsonl": "oops"}, "line 1 is not {\"text\": ..., \"labels\": [...]}: 'oops'."),
    "a summary of other reasons": ({"summary/prepare.json": '{"dropped": {"spam": 3}}'}, "prepare.json is not a summary (TypeError: "),
    "a summary without numbers": ({"summary/prepare.json": '{"rows": "many"}'}, "prepare.json is not a summary (ValueError: "),
}  # fmt: skip


@pytest.fixture
def written(tmp_path):
    """What a script wrote: good examples, unless a test says otherwise."""

    def write(changes):
        good = {
            "train/part.txt": GOOD_LINE,
            "validation/part.txt": GOOD_LINE,
            "holdout/holdout.jsonl": HELD_OUT,
        }
        for name, content in {**good, **changes}.items():
            path = tmp_path / "output" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "output"

    return write


LABELS = {"labels": {"names": ["bad", "good"], "multi": False}}


@pytest.mark.parametrize("why", WRITTEN)
def test_what_a_script_wrote_is_checked_as_evaluate_reads_it(written, why):
    changes, said = WRITTEN[why]
    with pytest.raises(StepError) as caught:
        prepare_script.check(LABELS, written(changes))
    assert said in str(caught.value)


def test_a_summary_is_counted_where_the_script_states_none(written):
    found = prepare_script.check(LABELS, written({"train/more.txt": "__label__bad x\n" * 2}))
    assert (found["rows"], found["used"], found["dropped"], found["notes"]) == (5, 5, {}, [])
    assert found["splits"]["train"] == {"rows": 3, "labels": {"good": 1, "bad": 2}}
    stated = '{"dropped": {"spam": {"count": "3"}}, "notes": ["a"], "seconds": 1.5}'
    found = prepare_script.check(LABELS, written({"summary/prepare.json": stated}))
    assert (found["rows"], found["used"], found["notes"], found["seconds"]) == (8, 5, ["a"], 1.5)
    assert found["dropped"] == {"spam": {"count": 3, "first_rows": [], "values": []}}


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

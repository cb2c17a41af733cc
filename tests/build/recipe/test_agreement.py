"""Parts of a recipe that have to agree with each other, each named by the key to change."""

import pytest

MULTI = {
    "data": {"format": "csv", "text": "Text", "label": ["a", "b", "c"]},
    "labels": {"names": ["a", "b", "c"], "multi": True},
}
NUMBERS = {
    "data": {"format": "csv", "text": "Text", "label": ["up", "all"]},
    "labels": {
        "names": ["good", "bad"],
        "rules": [{"name": "good", "majority": ["up", "all"]}, {"name": "bad", "minority": ["up", "all"]}],
    },
}
SCRIPT = {"algorithm": "script", "folder": "tfidf"}
TRANSFORMER = {"algorithm": "transformer", "pretrained": {"hub": f"a/b@{'c' * 40}", "sha256": "d" * 64}}
OUT = "leave the key out."


@pytest.mark.parametrize(
    ("changes", "base", "said"),
    [
        ({"data.label_separator": "|"}, {}, "labels.multi: a list of label columns, or data.label_separator, needs multi: true."),
        ({"data.label_separator": "|"}, MULTI, f"data.label_separator: label columns hold 0 or 1 and no list; {OUT}"),
        ({"data.label_items": ["a"], "data.label": "x"}, MULTI, f"data.label_items: no label rule compares the items; {OUT}"),
        ({"data.label_items": ["up"]}, NUMBERS, "data.label_items: names the items of one column of lists, so data.label is one column."),
        ({"data.label": ["up"]}, NUMBERS, "labels.rules[0]: compares all. Allowed: up (data.label_items, or a list in data.label)."),
        ({"labels.rules": [{"name": "good", "compare": "x > y"}, {"name": "bad", "compare": "up < 1"}]}, NUMBERS, "labels.rules[0]: compares x, y. Allowed: up, all (data.label_items, or a list in data.label)."),
        ({"labels.multi": True}, NUMBERS, f"labels.multi: rules that compare numbers lead to one label a row; {OUT}"),
        ({"labels.rules": [{"name": "bad", "values": ["1"]}, {"name": "good", "majority": ["up", "all"]}]}, NUMBERS, "labels.rules[0]: values, min and max are about one value, and other rules compare the numbers of a row."),
        ({"split.ordered": True, "data.files": {"train": "a*", "test": "b*"}}, {}, f"split.ordered: data.files says which file is for which split; {OUT}"),
        ({"gate.metric": "balanced_accuracy"}, MULTI, "gate.metric: found balanced_accuracy. It needs one label per text."),
        ({"gate.metric": "precision_at_1"}, {}, "gate.metric: found precision_at_1. It needs labels.multi: true and at least 1 labels."),
        ({"gate.metric": "precision_at_5"}, MULTI, "gate.metric: found precision_at_5. It needs labels.multi: true and at least 5 labels."),
        ({"prepare.arguments": {"a": 1}}, {}, f"prepare.arguments: they are those of prepare.script; {OUT}"),
        ({"prepare": {"script": "mine", "engine": "spark"}}, {}, f"prepare.engine: prepare.script prepares in place of an engine; {OUT}"),
        ({"prepare": {"script": "mine", "arguments": {"output": "x", "data": "y"}}}, {}, f"prepare.arguments.data: the script is told that by the step; {OUT}"),
        ({"text_rules.split_punctuation": True}, {}, "text_rules.split_punctuation: is now called punctuation. Allowed: split (for true), keep (for false), remove."),
        ({"data.format": "parquet", "data.encoding": "cp1252"}, {}, f"data.encoding: Parquet states it itself; {OUT}"),
        ({"data.require": "c", "data.header": False, "data.columns": ["Text", "Stars"]}, {}, "data.require: found c. Allowed: Text, Stars (data.columns)."),
        ({"training.fallback_instance_types": ["ml.m5.large", "ml.c5.xlarge"]}, {}, "training.fallback_instance_types: ml.c5.xlarge is listed twice among instance_type and these;"),
        ({"training.max_wait_seconds": 7200}, {"training": TRANSFORMER}, f"training.max_wait_seconds: only spot capacity is waited for; {OUT}"),
        ({"training.spot": True, "training.max_wait_seconds": 3599}, {"training": TRANSFORMER}, "training.max_wait_seconds: found 3599. Allowed: max_runtime_seconds (3600) or more."),
        ({"training.spot": True, "training.fallback_instance_types": ["ml.m5.large"]}, {"training": TRANSFORMER}, f"training.fallback_instance_types: spot capacity is of one type; {OUT}"),
        ({"training.fallback_instance_types": ["ml.g5.xlarge"]}, {"training": TRANSFORMER}, "training.fallback_instance_types: machines with and without GPUs run different images;"),
        ({"training.spot": True, "tune": {"jobs": 2, "ranges": {"epochs": {"min": 1, "max": 2}}}}, {"training": TRANSFORMER}, f"training.spot: the jobs of a search would share their checkpoints; {OUT}"),
        ({"tune": {"jobs": 2, "objective": "Loss", "ranges": {"a": {"min": 1, "max": 2}}}}, {"training": SCRIPT}, "tune.objective: found 'Loss'. Allowed: a figure such as macro_f1."),
        ({"tune": {"jobs": 2, "ranges": {"a": {"values": ["x", "x"]}}}}, {"training": SCRIPT}, "tune.ranges.a.values: a value is listed twice."),
        ({"tune": {"jobs": 2, "ranges": {"a": {"values": [1, "1"]}}}}, {"training": SCRIPT}, "tune.ranges.a.values: a value is listed twice."),
        ({"tune": {"jobs": 2, "ranges": {"a": {"values": [1], "scale": "log"}}}}, {"training": SCRIPT}, f"tune.ranges.a.scale: only numbers from min to max have one; {OUT}"),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) else "",
)  # fmt: skip
def test_what_does_not_agree_is_named_with_what_to_change(problems, changes, base, said):
    found = problems(changes, **base)
    assert len(found) == 1
    assert found[0].startswith(said)


@pytest.mark.parametrize(
    ("changes", "base"),
    [
        ({"gate.metric": "precision_at_3"}, MULTI),
        ({"gate.metric": "balanced_accuracy"}, {}),
        ({"data.label": "votes", "data.label_items": ["up", "all"]}, NUMBERS),
        ({"training.spot": True, "training.max_wait_seconds": 3600}, {"training": TRANSFORMER}),
        ({"training.fallback_instance_types": ["ml.m5.large"]}, {"training": TRANSFORMER}),
        ({"training.instance_type": "ml.g5.xlarge", "training.fallback_instance_types": ["ml.p3.2xlarge"]}, {"training": TRANSFORMER}),
        ({"data.files": {"train": "a*", "test": "b*"}}, {}),
        ({"processing.instance_count": 2, "prepare.engine": "spark"}, {}),
        ({"prepare": {"script": "mine", "arguments": {"a": 1, "b": "x"}}}, {}),
        ({"tune": {"jobs": 2, "objective": "accuracy", "ranges": {"epochs": {"min": 1, "max": 2}}}}, {}),
    ],
)  # fmt: skip
def test_what_agrees_can_be_used(problems, changes, base):
    assert problems(changes, **base) == []


@pytest.mark.parametrize("length", [2500, 2501])
@pytest.mark.parametrize("algorithm", ["blazingtext", "script", "transformer"])
def test_labels_that_one_hyperparameter_cannot_hold_are_refused_before_anything_runs(
    problems, length, algorithm
):
    """Source: CreateTrainingJob, HyperParameterValue: 2500 characters at most."""
    names = [f"{number:050}" for number in range(49)]  # with a space behind each
    names.append("x" * (length - 49 * 51))
    training = {"blazingtext": {}, "script": SCRIPT, "transformer": TRANSFORMER}[algorithm]
    found = problems({"labels.names": names}, training=training)
    if algorithm == "blazingtext" or length == 2500:
        assert found == []
    else:
        [said] = found
        assert said.startswith(
            f"labels.names: together they have 2501 characters. Allowed with {algorithm}: 2500"
        )


@pytest.mark.parametrize(
    ("description", "kept"),
    [
        ("", ""),
        ("Tells good from bad.\n", "Tells good from bad."),
        ("Two\n  lines\tof text\n\n", "Two lines of text"),
        ("é, 100% (yes) $5 \N{GRINNING FACE}", "é, 100% (yes) $5 \N{GRINNING FACE}"),
        ("x" * 1024 + "\n", "x" * 1024),
    ],
    ids=["none", "a folded block", "a block of lines", "signs", "the longest"],
)
def test_a_description_is_one_line(recipe, description, kept):
    """`description: >` ends in a newline, which the registry refuses once the model is trained."""
    assert recipe({"description": description}).description == kept


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ("x" * 1025, "has 1025 characters. Allowed: 1024 at most, as the registry stores them."),
        ("bell\a", r"found '\x07', which the registry does not store."),
        ("a\N{ZERO WIDTH JOINER}b", r"found '\u200d', which the registry does not store."),
    ],
)
def test_a_description_that_the_registry_refuses_is_refused_before_anything_runs(problems, description, said):
    """Source: CreateModelPackage, EntityDescription: 1024 characters of L, M, Z, S, N and P."""
    [found] = problems({"description": description})
    assert found.startswith(f"description: {said}")

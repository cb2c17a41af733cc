"""Texts in a recipe that have a form: names, durations, machines, columns, keys. What has another form is shown."""

import botocore.session
import pytest

PRETRAINED = {"hub": f"a/b@{'c' * 40}", "sha256": "d" * 64}
TRANSFORMER = {"algorithm": "transformer"}
SCRIPT = {"algorithm": "script", "folder": "tfidf"}
LABEL_NAMES = "1 to 100 characters, no space, no comma, no __label__ in front."

ALLOWED = [
    ("name", ["a", "7", "a-b", "a--b", "x" * 63, "merged", "pr", "pr2", "merge-d"]),
    ("problem", ["a", "x" * 63]),
    ("caching.expire_after", ["P1Y", "P30D", "PT12H", "P1Y2M3W4DT5H6M7S", "P0D"]),
    ("processing.instance_type", ["ml.m5.large", "ml.c5n.18xlarge", "ml.trn1.2xlarge", "ml.p4d.24xlarge"]),
    ("data.delimiter", [",", ";", "\t", " ", "|", "x"]),
    ("data.escape", ["\\", "none", "^", "~"]),
    ("data.label_separator", ["|", ", "]),
    ("prepare.script", ["mine", "a_1"]),
    ("trial.instance_type", ["ml.m5.large"]),
]
REFUSED = [
    (
        "name",
        ["", "-a", "a-", "A", "a_b", "a.b", "ü", "x" * 64, "pr-7", "merged-a", " a"],
        "up to 63 lower-case",
    ),
    ("problem", ["", "Spam", "pr-1"], "up to 63 lower-case"),
    ("caching.expire_after", ["P", "PT", "30D", "P1", "P1H", "PT1D", "p30d", "P-1D"], "an ISO 8601 duration"),
    ("processing.instance_type", ["m5.large", "ml.m5", "ml.M5.large", "ml.m5.large "], "an instance type"),
    ("data.delimiter", ["", ",,", "é", "\n"], "one ASCII character"),
    ("data.delimiter", ['"'], "no quote"),
    ("data.escape", ["", "a", "5", " ", "\\\\"], "one ASCII mark"),
    ("data.escape", ['"'], "no quote"),
    ("prepare.script", ["", "Mine", "my script", "../mine", "mine.py", "1a"], "the name of a folder"),
]


@pytest.fixture
def words(problems):
    """What is wrong with one key of a recipe that has room for it."""

    def words(key, value):
        base = {"labels": {"names": ["bad", "good"], "multi": True}} if "separator" in key else {}
        if key.startswith("trial"):
            base["trial"] = {"kind": "realtime"}
        return problems({key: value}, **base)

    return words


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in ALLOWED for value in values])
def test_a_text_of_the_right_form_is_taken(words, key, value):
    assert words(key, value) == []


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [(key, value, allowed) for key, values, allowed in REFUSED for value in values],
)
def test_a_text_of_another_form_is_shown_with_the_form(words, key, value, allowed):
    [said] = words(key, value)
    assert said.startswith(f"{key}: found {value!r}. Allowed: {allowed}"[:80])
    assert allowed in said


def test_a_machine_of_the_form_is_every_machine_of_the_service(words):
    model = botocore.session.get_session().get_service_model("sagemaker")
    for shape in ("ProcessingInstanceType", "TrainingInstanceType", "TransformInstanceType"):
        for machine in model.shape_for(shape).enum:
            assert words("processing.instance_type", machine) == []


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a\tb", "__label__a", "x" * 101, "a\N{NO-BREAK SPACE}b"])
def test_a_label_is_one_word_that_can_be_listed(problems, name):
    [said] = problems({"labels.names": ["good", name]})
    assert said.startswith(f"labels.names[1]: found {name!r:.80}. Allowed: {LABEL_NAMES}")
    assert "map it by labels.rules, such as {name: very_bad, values: [very bad]}." in said


@pytest.mark.parametrize("name", ["x", "x" * 100, "日本語", "a__label__b", "__labels__", "+1", "#!?"])
def test_a_label_may_be_any_other_word(problems, name):
    assert problems({"labels.names": ["good", name]}) == []


ENCODINGS = [
    ("cp1252", "cp1252"),
    ("Windows-1252", "Windows-1252"),
    ("shift_jis", "shift_jis"),
    ("UTF-8", None),
    ("utf_8_sig", None),
    ("ascii", None),
]


@pytest.mark.parametrize(("stated", "kept"), ENCODINGS)
def test_an_encoding_is_one_that_python_knows_and_utf_8_needs_none(recipe, stated, kept):
    found = recipe({"data.encoding": stated}).data.encoding
    assert (found is None) == (kept is None)
    assert kept is None or "ü".encode(found) == "ü".encode(kept) if kept != "shift_jis" else found


@pytest.mark.parametrize("encoding", ["utf-9", "", "rot13", "base64", "hex", "zlib", "latin 1 or so"])
def test_what_is_no_encoding_of_text_is_refused_with_some_that_are(problems, encoding):
    assert problems({"data.encoding": encoding}) == [
        f"data.encoding: found {encoding!r}. Allowed: a text encoding that Python knows, such as cp1252, utf-16, shift_jis."
    ]


@pytest.mark.parametrize("key", ["data.text", "data.require", "data.label"])
def test_a_column_has_a_name(problems, key):
    [said] = problems({key: [""]})
    assert said.startswith(key)


def test_words_for_missing_values_may_be_what_yaml_reads_as_values(recipe, problems):
    missing = recipe({"data.missing": [None, float("nan"), "N/A", 0]}).data.missing
    assert missing == ("null", "nan", "N/A", "0")
    assert recipe({"data.missing": []}).data.missing == ()
    assert problems({"data.missing": "nan"}) == ["data.missing: found 'nan'. Allowed: a list."]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"labels": "a"}, "labels: train.py is told that by the pipeline; leave the key out."),
        ({"multi_label": True}, "multi_label: train.py is told that by the pipeline; leave the key out."),
        ({"SageMaker_Program": "x"}, "SageMaker_Program: train.py is told that by the pipeline"),
        ({"--alpha": 1}, "--alpha: found '--alpha'. Allowed: an option of train.py, without its dashes."),
        ({"a" * 102: 1}, "Allowed: an option of train.py, without its dashes."),
        ({"alpha": " 1"}, "found ' 1'"),
        ({"alpha": "x" * 501}, "Allowed: up to 500 characters, no space first."),
        ({"alpha": [1]}, "alpha"),
        ({"alpha": float("inf")}, "alpha"),
    ],
)
def test_an_option_of_a_script_has_a_name_and_a_value_that_can_be_told(problems, option, said):
    found = problems(training={**SCRIPT, "hyperparameters": option})
    assert found and all(line.startswith("training.hyperparameters") for line in found)
    assert any(said in line for line in found)


def test_options_of_a_script_become_the_strings_of_its_command_line(recipe):
    given = {"alpha": 0.5, "deep": True, "flat": False, "n": 3, "name": "x y", "empty": ""}
    training = recipe(training={**SCRIPT, "hyperparameters": given}).training
    assert training.options(("bad", "good"), multi_label=False) == {
        "labels": "bad good",
        "multi_label": "false",
        "alpha": "0.5",
        "deep": "true",
        "flat": "false",
        "n": "3",
        "name": "x y",
        "empty": "",
    }


@pytest.mark.parametrize("folder", ["", "Tfidf", "../tfidf", "a/b", "1a"])
def test_a_script_lies_in_a_folder_of_algorithms(problems, folder):
    [said] = problems(training={"algorithm": "script", "folder": folder})
    assert (
        said
        == f"training.folder: found {folder!r}. Allowed: the name of a folder in algorithms/, such as tfidf."
    )


def test_an_algorithm_is_one_of_three(problems):
    assert problems(training={"algorithm": "bert"}) == [
        "training.algorithm: found 'bert'. Allowed: blazingtext, script, transformer."
    ]
    assert problems(training=5) == ["training: found 5. Allowed: keys and values."]
    assert problems(training={"algorithm": "script"}) == [
        "training.folder: missing. It is the name of a folder in algorithms/, which holds train.py and inference.py."
    ]


SERVING = {"request.texts": "a.b.c.d", "request.count": "k", "line.text": "_x-1", "answer.prefix": ""}


def test_a_script_says_how_its_server_is_asked(recipe, problems):
    changes = {f"training.serving.{key}": value for key, value in SERVING.items()}
    serving = recipe(changes, training=dict(SCRIPT)).training.serving
    assert (serving.request.texts, serving.line.text, serving.answer.prefix) == ("a.b.c.d", "_x-1", "")
    for key, value in {
        "request.texts": "a..b",
        "line.text": "1a",
        "answer.labels": "a.b.c.d.e",
        "answer.prefix": "a b",
    }.items():
        [said] = problems({f"training.serving.{key}": value}, training=dict(SCRIPT))
        assert said.startswith(f"training.serving.{key}: found {value!r}. Allowed: ")


SOURCES = [
    ("package", ["gt-all==0.1.0", "A.b_c==1!2.0+cpu"], ["gt-all", "gt-all>=1", "gt all==1", "==1"]),
    ("hub", [f"a/b@{'0' * 40}", f"x.y/z_1-w@{'f' * 40}"], [f"b@{'0' * 40}", f"a/b@{'0' * 39}", f"a/b@{'g' * 40}", "a/b"]),
    ("archive", ["s3://abc/m.zip", "s3://a-b.c/d/m.tar.gz", "s3://abc/m.tgz"], ["s3://ab/m.zip", "s3://abc/m.tar", "https://x/m.zip", "s3://abc/m m.zip"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "allowed", "refused"), SOURCES)
def test_a_pretrained_model_is_named_exactly(problems, recipe, source, allowed, refused):
    for value in allowed:
        pretrained = {source: value, "sha256": "d" * 64}
        assert recipe(training={**TRANSFORMER, "pretrained": pretrained}).training.pretrained.source == value
    for value in refused:
        [said] = problems(training={**TRANSFORMER, "pretrained": {source: value, "sha256": "d" * 64}})
        assert said.startswith(f"training.pretrained.{source}: found {value!r}. Allowed: ")


@pytest.mark.parametrize(
    ("pretrained", "said"),
    [
        (
            {"sha256": "d" * 64},
            "training.pretrained: found no source. Allowed: one of package, hub and archive.",
        ),
        (
            {**PRETRAINED, "package": "a==1"},
            "training.pretrained: found package and hub. Allowed: one of package, hub and archive.",
        ),
        ({**PRETRAINED, "sha256": "d" * 63}, "training.pretrained.sha256: found "),
        ({**PRETRAINED, "sha256": "D" * 64}, "training.pretrained.sha256: found "),
        (
            {"hub": PRETRAINED["hub"]},
            "training.pretrained.sha256: missing. It is the hash of the model's files;",
        ),
    ],
)
def test_a_pretrained_model_has_one_source_and_its_hash(problems, pretrained, said):
    [found] = problems(training={**TRANSFORMER, "pretrained": pretrained})
    assert found.startswith(said)

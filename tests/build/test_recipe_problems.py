"""A recipe that cannot be used: one sentence per problem, with the file, the key, what was found, what is allowed."""

import pytest

from model_build.errors import RecipeError
from model_build.recipe import Recipe

RECIPE = """\
name: reviews
data:
  format: csv
  text: [Title, Body]
  label: Stars
labels:
  names: [bad, fair, good]
  rules:
    - {name: bad, values: ["1", "2"]}
    - {name: fair, values: ["3"]}
    - {name: good, min: 4}
text_rules: {lowercase: true}
training:
  hyperparameters: {epochs: 10}
gate: {metric: macro_f1, minimum: 0.6}
"""


@pytest.fixture
def problem(tmp_path):
    """What is said about RECIPE in which one text was replaced by another."""

    def problem(old: str, new: str) -> str:
        assert old in RECIPE
        path = tmp_path / "reviews.yaml"
        path.write_text(RECIPE.replace(old, new), encoding="utf-8")
        with pytest.raises(RecipeError) as caught:
            Recipe.load(path)
        assert caught.value.exit_code == 2
        message = str(caught.value)
        assert message.startswith(str(path))
        return message.removeprefix(f"{path} ")

    return problem


def test_an_unknown_key_is_named_with_those_that_are_allowed(problem):
    assert problem("label: Stars", "lable: Stars") == (
        "has a problem:\n"
        "  data.lable: unknown key. Did you mean label? Allowed: format, encoding, header, columns, "
        "delimiter, quoted, escape, missing, max_lines_per_row, sentences, files, text, label, label_separator, "
        "label_items, require, max_dropped_share."
    )


def test_a_missing_part_says_what_it_is(problem):
    assert problem("gate: {metric: macro_f1, minimum: 0.6}", "") == (
        "has a problem:\n  gate: missing. It is the least that a model must reach to be registered."
    )


def test_all_problems_are_told_at_once(problem):
    message = problem("lowercase: true}", "lowercase: 1, shout: true}")

    assert message.splitlines()[0] == "has 2 problems:"
    assert "  text_rules.lowercase: found 1. Allowed: true or false." in message
    assert "  text_rules.shout: unknown key." in message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "lowercase: true",
            'lowercase: "true"',
            "text_rules.lowercase: found 'true'. Allowed: true or false.",
        ),
        ("lowercase: true", "max_tokens: 1.5", "text_rules.max_tokens: found 1.5. Allowed: a whole number."),
        ("lowercase: true", "max_tokens: 0", "text_rules.max_tokens: found 0. Allowed: at least 1."),
        (
            "label: Stars",
            "label: 5",
            "data.label: found 5. Allowed: the name of a column, or a list of names.",
        ),
        (
            "label: Stars",
            "label: []",
            "data.label: found []. Allowed: the name of a column, or a list of names.",
        ),
        (
            "format: csv",
            "format: xml",
            "data.format: found 'xml'. Allowed: csv, tsv, jsonl, fasttext or parquet.",
        ),
        ("text: [Title, Body]", "text: 7", "data.text: found 7. Allowed: a list."),
        ("text: [Title, Body]", "text: [7]", "data.text[0]: found 7. Allowed: text. Put it in quotes"),
        ("text: [Title, Body]", "text: []", "data.text: missing. It is the column, or the list of columns"),
        (
            "name: reviews\n",
            "name: My Reviews\n",
            "name: found 'My Reviews'. Allowed: up to 63 lower-case letters",
        ),
        ("minimum: 0.6", "minimum: 60", "gate.minimum: found 60. Allowed: at most 1.0."),
        ("minimum: 0.6", "minimum: .nan", "gate.minimum: found nan. Allowed: a finite number."),
        ("minimum: 0.6", "minimum:", "gate.minimum: found nothing (null). Allowed: a number."),
        (
            "metric: macro_f1",
            "metric: log_loss",
            "gate.metric: found 'log_loss'. Allowed: accuracy, balanced_accuracy, macro_f1, micro_f1, precision_at_1, precision_at_3, precision_at_5, mean_roc_auc or mean_average_precision.",
        ),
        ("gate: {metric: macro_f1, minimum: 0.6}", "gate: 0.6", "gate: found 0.6. Allowed: keys and values."),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(problem, old, new, expected):
    assert expected in problem(old, new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            '["3"]',
            '["2"]',
            "labels.rules[1]: the rule for fair matches nothing, because earlier rules take all",
        ),
        ('["3"]', "[]", "labels.rules[1].values: the list is empty, so the rule matches nothing."),
        ('["3"]', "[yes]", "labels.rules[1].values[0]: found true. Allowed: text. Put it in quotes"),
        ("min: 4", "min: 4, max: 3", "labels.rules[2].min: 4 is above max, 3, so the rule matches nothing."),
        ("min: 4", 'min: 4, values: ["5"]', "labels.rules[2]: a rule has either values, or min and max"),
        (", min: 4", "", "labels.rules[2]: a rule has either values, or min and max"),
        (
            "{name: good, min",
            "{name: great, min",
            "labels.rules[2].name: found 'great'. Allowed: bad, fair, good (labels.names).",
        ),
        (
            "    - {name: good, min: 4}\n",
            "",
            "labels.rules: no rule leads to good. Add a rule, or drop the name.",
        ),
        ("fair, good]", "bad]", "labels.names: bad is listed twice."),
        ("fair, good]", "so so]", "labels.names[1]: found 'so so'. Allowed: 1 to 100 characters, no space"),
        ("[bad, fair, good]", "[bad]", "labels.names: found ['bad']. Allowed: a length of 2 or more."),
        ("  names:", "  none: bad\n  names:", "labels.none: only labels with multi: true can be absent"),
        (
            "  names:",
            "  multi: true\n  none: x\n  names:",
            "labels.none: found 'x'. Allowed: bad, fair, good",
        ),
        ("  names: [bad, fair, good]", "  names_file: no.txt", "labels.names_file: "),
        ("  names:", "  names_file: no.txt\n  names:", "labels.names_file: names is stated, too."),
    ],
)
def test_label_rules_that_cannot_work_are_refused(problem, old, new, expected):
    assert expected in problem(old, new)


def test_a_range_within_an_earlier_one_matches_nothing(problem):
    assert "labels.rules[1]: the rule for fair matches nothing" in problem(
        'values: ["1", "2"]}\n    - {name: fair, values: ["3"]}',
        "max: 3}\n    - {name: fair, min: 1, max: 2}",
    )


def test_rules_may_overlap_as_the_first_match_wins(tmp_path):
    path = tmp_path / "reviews.yaml"
    path.write_text(RECIPE.replace('["3"]', '["2", "3"]').replace("min: 4", "min: 0"), encoding="utf-8")

    assert len(Recipe.load(path).labels.rules) == 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            "epoch: 3",
            "epoch: unknown key. Did you mean epochs? Allowed: mode, buckets, early_stopping, epochs,",
        ),
        ("min_char: 3", "min_char: unknown key."),
        ("mode: skipgram", "mode: found 'skipgram'. Allowed: supervised."),
        ("epochs: 0", "epochs: found 0. Allowed: more than 0."),
        ("epochs: 2.5", "epochs: found 2.5. Allowed: a whole number."),
        ('epochs: "10"', "epochs: found '10'. Allowed: a whole number."),
        ("learning_rate: 0", "learning_rate: found 0. Allowed: more than 0."),
        ("min_count: -1", "min_count: found -1. Allowed: at least 0."),
        ("early_stopping: 1", "early_stopping: found 1. Allowed: true or false."),
        ("patience: 3", "patience: BlazingText ignores it without early_stopping: true."),
    ],
)
def test_hyperparameters_are_those_of_blazingtext_in_supervised_mode(problem, given, expected):
    assert f"  training.hyperparameters.{expected}" in problem("{epochs: 10}", "{" + given + "}")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("format: csv\n  text: a", "data.label: missing. It is the column that holds the label."),
        ("format: fasttext\n  text: a", "data.text: a fasttext file has no columns; leave the key out."),
        (
            "format: jsonl\n  text: a\n  label: b\n  quoted: true",
            "data.quoted: only csv and tsv files have that",
        ),
        (
            "format: jsonl\n  text: a\n  label: b\n  header: false",
            "data.header: only csv and tsv files have that",
        ),
        (
            "format: csv\n  text: a\n  label: b\n  columns: [a, b]",
            "data.columns: the header names the columns",
        ),
        (
            "format: csv\n  text: a\n  label: b\n  header: false",
            "data.columns: missing. With header: false it lists",
        ),
        (
            "format: csv\n  text: a\n  label: c\n  header: false\n  columns: [a, b]",
            "data.label: found c. Allowed: a, b (data.columns).",
        ),
        (
            "format: csv\n  text: a\n  label: b\n  header: false\n  columns: [a, b, b]",
            "data.columns: b is listed twice.",
        ),
        (
            "format: csv\n  text: a\n  label: a",
            "data.label: found a, which holds the text, too. Allowed: other columns.",
        ),
        (
            "format: csv\n  text: a\n  label: b\n  delimiter: ', '",
            "data.delimiter: found ', '. Allowed: one ASCII character",
        ),
        (
            "format: csv\n  text: a\n  label: [b, c]",
            "labels.multi: a list of label columns, or data.label_separator, needs",
        ),
    ],
)
def test_data_keys_must_fit_the_format_and_each_other(problem, data, expected):
    assert expected in problem("format: csv\n  text: [Title, Body]\n  label: Stars", data)


@pytest.mark.parametrize(
    ("addition", "expected"),
    [
        (
            "split: {train: 0.7}",
            "split: train, validation and test add up to 0.9. Allowed: shares that add up to 1.",
        ),
        (
            "caching: {expire_after: 30 days}",
            "caching.expire_after: found '30 days'. Allowed: an ISO 8601 duration",
        ),
        ("caching: {expire_after: PT}", "caching.expire_after: found 'PT'. Allowed: an ISO 8601 duration"),
        (
            "processing: {instance_type: m5}",
            "processing.instance_type: found 'm5'. Allowed: an instance type",
        ),
        (
            "processing: {instance_count: 2}",
            "processing.instance_count: found 2. Allowed without prepare.engine: spark: 1.",
        ),
        ("rebalance: smote", "rebalance: found 'smote'. Allowed: none, undersample or oversample."),
        (
            "registration: {inference_instances: []}",
            "registration.inference_instances: found []. Allowed: a length of 1",
        ),
    ],
)
def test_the_other_parts_are_checked_as_well(problem, addition, expected):
    assert expected in problem("text_rules: {lowercase: true}", addition)


def test_rebalancing_is_for_one_label_a_row(problem):
    assert "rebalance: found 'undersample'. Allowed with labels.multi: true: none." in problem(
        "labels:\n", "rebalance: undersample\nlabels:\n  multi: true\n"
    )


def test_a_mistake_in_the_yaml_is_shown_by_its_line(problem):
    assert problem("labels:", "labels: ]").startswith("is not valid YAML: line 6, column 9: ")


def test_a_key_that_is_given_twice_is_a_mistake_not_a_choice(problem):
    assert problem("labels:\n", "name: other\nlabels:\n") == (
        "is not valid YAML: line 6, column 1: the key name is given twice."
    )


def test_a_file_without_keys_says_which_ones_a_recipe_needs(tmp_path):
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing yet\n", encoding="utf-8")

    with pytest.raises(
        RecipeError, match=r"empty\.yaml holds no keys\. A recipe needs: name, problem, description, data"
    ):
        Recipe.load(path)


def test_a_recipe_that_does_not_exist_is_answered_with_those_that_do(tmp_path):
    (tmp_path / "reviews.yaml").write_text(RECIPE, encoding="utf-8")

    with pytest.raises(
        RecipeError, match=r"There is no recipe .*revews\.yaml\. Recipes beside it: .*reviews\.yaml\."
    ):
        Recipe.load(tmp_path / "revews.yaml")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: caf\xe9\n")

    with pytest.raises(RecipeError, match=r"cannot be read: .*utf-8"):
        Recipe.load(path)


def test_a_list_is_not_too_short_because_its_items_are_wrong(problem):
    found = problem("names: [bad, fair, good]", "names: [very bad, very good]")

    assert "length" not in found
    assert "map it by labels.rules, such as {name: very_bad, values: [very bad]}" in found
    assert "Allowed: a length of 2 or more." in problem("names: [bad, fair, good]", "names: [bad]")


@pytest.mark.parametrize("name", ["pr-7", "pr-7-reviews"])
def test_no_recipe_is_named_like_a_pull_requests_pipeline(problem, name):
    """Its pipeline would be PROJECT-pr-7: that of a pull request, whose role may change it."""
    message = problem("name: reviews", f"name: {name}")
    assert f"name: found {name!r}" in message
    assert "not beginning with pr-" in message

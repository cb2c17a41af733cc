"""A client's request to the classification API: what is read of it, and what is answered to one that cannot be read."""

import base64
import importlib
import json
import sys

import pytest

AUDIENCES = ("everyone", "adults")
LARGEST = 1_000_000
"""The largest body in bytes."""


@pytest.fixture(scope="module")
def request_module(repository):
    """The module of the API's folder that reads requests."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(repository / "api"))
        yield importlib.import_module("request")
        sys.modules.pop("request", None)


@pytest.fixture
def parse(request_module):
    """A function that reads an event with that body, as JSON, text or bytes; other members of the event as they are given."""

    def parse(body, audiences=(), **changes):
        http = {"http": {"method": "POST"}, "stage": "$default"}
        encoded = isinstance(body, bytes)
        text = (
            base64.b64encode(body).decode()
            if encoded
            else body if isinstance(body, str) else json.dumps(body)
        )
        event = {"rawPath": "/classify", "requestContext": http, "body": text, "isBase64Encoded": encoded}
        return request_module.parse(event | changes, audiences)

    return parse


@pytest.fixture
def refused(parse, request_module):
    """A function that gives the problem of a request: status, code and message."""

    def refused(body, audiences=(), **changes):
        with pytest.raises(request_module.Problem) as caught:
            parse(body, audiences, **changes)
        return caught.value.status, caught.value.code, caught.value.message

    return refused


@pytest.mark.parametrize(
    "body",
    [
        '{"texts": ["Füße \\ud83d\\ude00"]}',
        '{"texts": ["Füße 😀"]}'.encode(),
        '\ufeff{"texts": ["Füße 😀"]}'.encode(),
    ],
    ids=["escaped", "UTF-8 in base64", "with a byte order mark"],
)
def test_a_text_is_read_as_it_was_written(parse, body):
    assert parse(body).texts == ["Füße 😀"]


def padded(size):
    """A body of `size` bytes with one short text: JSON allows spaces around its values."""
    return json.dumps({"texts": ["a"]}).encode().ljust(size)


def test_a_body_of_the_largest_size_is_read_and_one_byte_more_is_not(parse, refused):
    said = (413, "body_too_large", "The body is larger than 1000000 bytes. Send fewer texts at once.")
    for coded in (bytes, bytes.decode):
        assert parse(coded(padded(LARGEST))).texts == ["a"]
        assert refused(coded(padded(LARGEST + 1))) == said


def test_the_size_is_that_of_the_bytes_not_of_the_characters(refused):
    assert (
        refused(json.dumps({"texts": ["ü" * 400_000, "ü" * 200_000]}, ensure_ascii=False))[1]
        == "body_too_large"
    )


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b'{"texts": ["\xff"]}', b"null", b"[]", b'"texts"', b"{} {}", b"{'texts': []}"]
)
def test_what_is_no_json_object_in_utf_8_is_told_what_was_expected(refused, body):
    message = 'The body is not a JSON object in UTF-8; expected {"texts": ["...", ...]}.'
    assert refused(body) == (400, "not_json", message)


def test_a_half_of_a_character_that_is_not_escaped_is_no_utf_8(refused):
    assert refused('{"texts": ["\ud83d"]}')[1] == "not_json"


@pytest.mark.parametrize("texts", [None, "a", {"0": "a"}, 1, True])
def test_texts_that_are_no_list_are_missing(refused, texts):
    message = 'The body needs "texts": a list of strings to classify.'
    assert refused({"texts": texts}) == (400, "texts_missing", message)


def test_no_text_at_all_is_one_too_few(refused):
    assert refused({"texts": []}) == (400, "texts_missing", '"texts" is empty: it needs at least one text.')


def test_too_many_texts_are_counted(parse, refused):
    assert len(parse({"texts": ["a"] * 100}).texts) == 100
    message = "Found 101 texts; at most 100 go into one request."
    assert refused({"texts": ["a"] * 101}) == (413, "too_many_texts", message)


def test_a_text_that_is_too_long_is_named_by_its_place_with_its_length(parse, refused):
    assert parse({"texts": ["a", "ü" * 10_000]}).texts[1] == "ü" * 10_000
    message = "texts[1] has 10001 characters; at most 10000 are read."
    assert refused({"texts": ["a", "ü" * 10_001]}) == (413, "text_too_long", message)


@pytest.mark.parametrize("text", [None, 5, 0.5, True, ["a"], {"text": "a"}])
def test_a_text_that_is_none_is_named_by_its_place(refused, text):
    assert refused({"texts": ["a", "b", text]}) == (400, "text_not_a_string", "texts[2] is not a string.")


def test_other_keys_are_named_but_never_at_length(refused):
    others = dict.fromkeys(("z", "b", "a", "d", "c", "e" * 50), 1)
    status, code, message = refused({"texts": ["secret"], **others})
    assert (status, code) == (400, "unknown_key")
    assert message == f'The body has only "texts"; found also: a, b, c, d, {"e" * 40}.'


def test_with_a_policy_the_audience_is_no_other_key(parse, refused):
    assert (
        refused({"texts": ["a"], "k": 1}, AUDIENCES)[2]
        == 'The body has only "texts" and "audience"; found also: k.'
    )
    assert (
        refused({"texts": ["a"], "audience": "adults"})[2]
        == 'The body has only "texts"; found also: audience.'
    )


@pytest.mark.parametrize("audience", AUDIENCES)
def test_an_audience_of_the_policy_is_read(parse, audience):
    assert parse({"texts": ["a"], "audience": audience}, AUDIENCES).audience == audience


@pytest.mark.parametrize(
    "body", [{"texts": ["a"]}, {"texts": ["a"], "audience": None}], ids=["left out", "null"]
)
def test_a_request_may_name_no_audience(parse, body):
    assert parse(body, AUDIENCES).audience is None


@pytest.mark.parametrize(
    "collection", [tuple, dict.fromkeys], ids=["a tuple", "a mapping, as a policy has it"]
)
@pytest.mark.parametrize("audience", ["children", "", "Adults", 1, True, ["adults"], {"adults": 1}])
def test_what_is_no_audience_is_answered_with_those_that_there_are(refused, audience, collection):
    message = '"audience" is one of adults, everyone.'
    found = refused({"texts": ["a"], "audience": audience}, collection(AUDIENCES))
    assert found == (400, "unknown_audience", message)


@pytest.mark.parametrize(
    ("path", "stage", "found"),
    [
        ("/classify", "$default", True),
        ("/shop-live/classify", "shop-live", True),
        ("/classify", "shop-live", True),
        ("/shop-live/classify", "$default", False),
        ("/classify/", "$default", False),
        ("/Classify", "$default", False),
        ("/", "$default", False),
        (None, "$default", False),
        ("/None/classify", "shop", False),
    ],
)
def test_the_path_is_the_routes_with_or_without_its_stage(parse, refused, path, stage, found):
    changes = {"rawPath": path, "requestContext": {"http": {"method": "POST"}, "stage": stage}}
    if found:
        assert parse({"texts": ["a"]}, **changes).texts == ["a"]
    else:
        assert refused({"texts": ["a"]}, **changes) == (
            404,
            "not_found",
            "There is only POST /classify here.",
        )


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "post", None])
def test_another_method_is_answered_with_the_one_that_there_is(parse, request_module, method):
    with pytest.raises(request_module.Problem) as caught:
        parse({"texts": ["a"]}, requestContext={"http": {"method": method}})
    assert (caught.value.status, caught.value.code) == (405, "method_not_allowed")
    assert caught.value.headers == {"allow": "POST"}


def test_an_event_of_another_kind_is_not_found(request_module):
    with pytest.raises(request_module.Problem) as caught:
        request_module.parse({})
    assert caught.value.status == 404


def test_no_problem_quotes_a_text(refused):
    for texts in (["secret" * 2000], ["secret", 1], "secret", ["secret"] * 101):
        assert "secret" not in refused({"texts": texts})[2]
    assert "secret" not in refused('{"texts": ["secret"')[2]

"""Which route a request takes, and of which stage a path is."""

import pytest

from local_aws.http_api.routing import route_of, stage_of
from local_aws.http_api.store import Api

KEYS = [
    "GET /pets",
    "GET /pets/dog/1",
    "GET /pets/dog/{id}",
    "GET /pets/{kind}/{id}",
    "GET /{proxy+}",
    "ANY /pets/{kind}/{id}",
    "ANY /{proxy+}",
    "$default",
]


def taken(method, path, keys=KEYS):
    match = route_of([{"RouteKey": key} for key in keys], method, path)
    return match and (match.route["RouteKey"], match.parameters)


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets", "GET /pets", {}),
        ("GET", "/pets/", "GET /pets", {}),
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{kind}/{id}", {"kind": "cat", "id": "1"}),
        ("POST", "/pets/cat/1", "ANY /pets/{kind}/{id}", {"kind": "cat", "id": "1"}),
        ("GET", "/a/b/c/d", "GET /{proxy+}", {"proxy": "a/b/c/d"}),
        ("POST", "/a/b/c/d", "ANY /{proxy+}", {"proxy": "a/b/c/d"}),
        ("POST", "/", "$default", {}),
    ],
)
def test_the_most_particular_route_is_taken(method, path, key, parameters):
    assert taken(method, path) == (key, parameters)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/classify"), ("POST", "/classify/x"), ("POST", "/"), ("POST", "/Classify")],
)
def test_a_request_that_no_route_takes_has_none(method, path):
    assert taken(method, path, keys=["POST /classify"]) is None


@pytest.mark.parametrize(
    ("path", "stage", "below"),
    [
        ("/dev/classify", "dev", "/classify"),
        ("/dev", "dev", "/"),
        ("/classify", "$default", "/classify"),
        ("/", "$default", "/"),
        ("/developers", "$default", "/developers"),
    ],
)
def test_a_path_begins_with_its_stage_unless_it_is_the_default(path, stage, below):
    api = Api({}, stages={name: {"StageName": name} for name in ("$default", "dev")})
    found, rest = stage_of(api, path)
    assert (found["StageName"], rest) == (stage, below)


def test_without_a_default_stage_other_paths_are_of_none():
    assert stage_of(Api({}, stages={"dev": {}}), "/classify") is None

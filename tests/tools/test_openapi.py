"""The check against GitHub's description finds what is wrong, or it would prove nothing."""

from dataclasses import replace

import pytest
from openapi import Description

from local_aws.github import Exchange

GOOD = Exchange(
    method="POST",
    path="/repos/acme/app/git/refs",
    query={},
    request_body={"ref": "refs/heads/x", "sha": "0" * 40},
    status=201,
    headers={},
    response_body={
        "ref": "refs/heads/x",
        "node_id": "x",
        "url": "http://localhost/x",
        "object": {"type": "commit", "sha": "0" * 40, "url": "http://localhost/y"},
    },
)
COMMENTS = replace(
    GOOD,
    method="GET",
    path="/repos/acme/app/issues/1/comments",
    request_body=None,
    response_body=[],
    status=200,
)


@pytest.mark.parametrize(
    ("exchange", "finding"),
    [
        (replace(GOOD, path="/repos/acme/app/git/reefs"), "no such operation"),
        (replace(GOOD, method="PUT"), "no such operation"),
        (replace(GOOD, query={"force": "1"}), "query parameter force is not described"),
        (replace(GOOD, request_body={"ref": "refs/heads/x"}), "'sha' is a required property"),
        (replace(GOOD, request_body=GOOD.request_body | {"sha": 1}), "1 is not of type 'string'"),
        (replace(GOOD, request_body=GOOD.request_body | {"shah": "x"}), "$.shah is not described"),
        (replace(GOOD, request_body=None), "the request body is missing"),
        (replace(GOOD, status=200), "the status is not described"),
        (replace(GOOD, status=418), "the status is not described"),
        (replace(GOOD, response_body={"ref": "x"}), "'object' is a required property"),
        (replace(GOOD, response_body=None), "the answer has no body"),
        (replace(GOOD, status=401, response_body={"message": 1}), "1 is not of type 'string'"),
        (replace(COMMENTS, query={"per_page": "many"}), "'many' is not of type 'integer'"),
        (replace(COMMENTS, request_body={"a": 1}), "none is described"),
        (replace(COMMENTS, response_body=[{}]), "is a required property"),
    ],
)
def test_what_does_not_follow_the_description_is_found(github_description, exchange, finding):
    found = github_description.findings(exchange)
    assert any(finding in each for each in found), found
    assert all(each.startswith(f"{exchange.method} {exchange.path}") for each in found)


@pytest.mark.parametrize(
    "exchange",
    [
        GOOD,
        COMMENTS,
        replace(COMMENTS, query={"per_page": "100", "page": "2"}),
        replace(GOOD, status=401, response_body={"message": "Bad credentials", "status": "401"}),
        # A refused request may be as wrong as it was refused for.
        replace(GOOD, status=422, request_body={}, response_body={"message": "x", "documentation_url": "y"}),
    ],
)
def test_what_follows_the_description_is_not(github_description, exchange):
    assert github_description.findings(exchange) == []


def test_repositories_by_id_are_checked_as_those_by_name(github_description):
    by_id = replace(GOOD, path="/repositories/7/git/refs", response_body={})
    assert github_description.findings(by_id)


def test_a_missing_description_says_what_to_run(tmp_path):
    with pytest.raises(pytest.fail.Exception, match="make test"):
        Description(tmp_path / "absent.json").findings(GOOD)

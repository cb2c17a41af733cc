from email.utils import formatdate

import pytest

from github import Response
from github.retries import is_limit, wait

NOW = 1_800_000_000.0


def response(status, body=b"", **headers):
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404, 409, 422, 501])
def test_what_another_try_would_not_change_is_not_tried_again(status):
    assert wait(response(status), 1, NOW) is None


@pytest.mark.parametrize("given", [None, *(response(status) for status in (500, 502, 503, 504))])
def test_silence_and_5xx_are_tried_again_after_longer_and_longer_waits(given):
    assert [wait(given, attempt, NOW) for attempt in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_servers_own_hint_comes_before_ours():
    assert wait(response(503, retry_after="7"), 1, NOW) == 7
    assert wait(response(503, retry_after=formatdate(NOW + 9, usegmt=True)), 1, NOW) == 9
    assert wait(response(503, retry_after=formatdate(NOW - 9, usegmt=True)), 1, NOW) == 0
    assert wait(response(503, retry_after="soon"), 1, NOW) == 1


def test_a_used_up_limit_waits_for_its_reset():
    used_up = response(403, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(NOW) + 40))
    assert is_limit(used_up)
    assert wait(used_up, 1, NOW) == 41


def test_a_reset_that_is_over_waits_for_a_moment():
    assert wait(response(429, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(NOW) - 40)), 1, NOW) == 1


def test_a_secondary_limit_waits_as_it_says_and_else_for_minutes():
    said = b'{"message": "You have exceeded a secondary rate limit."}'
    assert wait(response(403, said, retry_after="13"), 3, NOW) == 13
    assert [wait(response(403, said), attempt, NOW) for attempt in (1, 2, 3)] == [60, 120, 240]
    assert wait(response(429), 1, NOW) == 60


def test_a_refusal_is_no_limit():
    refused = response(403, b'{"message": "Must have admin rights"}', x_ratelimit_remaining="4999")
    assert not is_limit(refused)

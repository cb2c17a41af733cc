"""A GitHub that is down, slow, out of patience, or gone in the middle of a call."""

import time

import pytest
import requests

from local_aws.github import Down, Dropped, Killed, RateLimited, Slow


def test_down_does_nothing(world):
    path = world.repository()
    world.github.faults.add(Down(status=502, method="POST", times=2))
    for _ in range(2):
        assert world.api.refused("POST", f"{path}/actions/variables", {"name": "A", "value": "1"})[0] == 502
    assert world.api.ok("GET", f"{path}/actions/variables")["total_count"] == 0
    world.api.ok("POST", f"{path}/actions/variables", {"name": "A", "value": "1"})


def test_down_tells_when_to_come_back(world):
    world.github.faults.add(Down(retry_after=7))
    answer = world.api.get("/user")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")


def test_slow_answers_late(world):
    world.github.faults.add(Slow(seconds=0.3, path="^/user$"))
    start = time.monotonic()
    assert world.api.get("/user").ok
    assert time.monotonic() - start >= 0.3


def test_the_primary_limit_names_its_end(world):
    world.github.faults.add(RateLimited(reset_in=30, times=1))
    answer = world.api.get("/user")
    assert answer.status_code == 403
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert 20 <= int(answer.headers["X-RateLimit-Reset"]) - time.time() <= 31
    assert world.api.get("/user").ok


def test_the_secondary_limit_says_how_long_to_wait(world):
    world.github.faults.add(RateLimited(status=429, retry_after=3, times=1))
    answer = world.api.get("/user")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert "secondary rate limit" in answer.json()["message"]


def test_a_dropped_connection_hides_work_that_was_done(world):
    world.github.faults.add(Dropped(method="POST", path="/repos$"))
    with pytest.raises(requests.ConnectionError):
        world.api("POST", "/orgs/acme/repos", {"name": "app"})
    assert world.api.get("/repos/acme/app").ok


def test_a_caller_is_killed_after_its_nth_call(world):
    killed = []
    path = world.repository()
    world.github.faults.clear()
    world.github.faults.add(Killed(call=3, kill=lambda: killed.append(True)))
    variables = [{"name": f"V{number}", "value": "x"} for number in range(4)]
    done = []
    with pytest.raises(requests.ConnectionError):
        for variable in variables:
            world.api.ok("POST", f"{path}/actions/variables", variable)
            done.append(variable)
    assert (len(done), killed) == (2, [True])
    assert world.api.ok("GET", f"{path}/actions/variables")["total_count"] == 3
    assert [call.method for call in world.github.faults.calls] == ["POST"] * 3 + ["GET"]


def test_git_has_faults_too(world, git, tmp_path):
    world.repository("public", visibility="public")
    world.github.faults.add(Down(path="^/git/"))
    refused = git(tmp_path, "clone", world.github.clone_url("acme/public"), check=False)
    assert "503" in refused.stderr

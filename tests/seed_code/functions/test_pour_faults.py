"""CloudFormation is answered whatever happens, with a reason that helps, and no secret is ever written anywhere."""

import json
import logging
import threading

from github import HttpSender
from local_aws.github import Down, RateLimited, Slow
from pour import handler
from pour.cloudformation.watchdog import MARGIN_SECONDS, RESERVE_SECONDS
from pour.handler import Pour


def failed(project, kind="Repository", request="Create", **changes):
    properties = project.repository(**changes) if kind == "Repository" else project.contents(**changes)
    answer = project.ask(project.event(kind, request, properties))
    assert answer["Status"] == "FAILED"
    return answer["Reason"]


def test_github_that_is_down_is_named_after_every_retry(project, github):
    github.faults.add(Down())
    assert "GitHub cannot be reached: 503" in failed(project)
    assert sum(project.clock.slept) > 50


def test_github_that_comes_back_is_waited_for(project, github):
    github.faults.add(Down(times=3, retry_after=2))
    project.create("Repository", project.repository())
    assert project.clock.slept == [2, 2, 2]


def test_a_rate_limit_is_waited_out(project, github):
    github.faults.add(RateLimited(times=1, reset_in=20))
    project.create("Repository", project.repository())
    assert 18 < sum(project.clock.slept) < 23


def test_a_secondary_limit_is_waited_out(project, github):
    github.faults.add(RateLimited(times=1, retry_after=7, status=429))
    project.create("Repository", project.repository())
    assert project.clock.slept == [7]


def test_a_rate_limit_beyond_the_functions_time_names_the_wait(project, github):
    github.faults.add(RateLimited(reset_in=3000))
    assert "GitHub limits the rate" in failed(project)
    assert project.clock.slept == []


def test_a_token_that_was_revoked_says_so(project, github):
    github.revoke(project.token)
    answer = project.ask(project.event("Repository", "Create", project.repository()))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "not-created")
    assert "revoked or has expired" in answer["Reason"]


def test_a_token_that_is_revoked_midway_fails_and_the_next_token_goes_on(project, github):
    project.create("Repository", project.repository())
    github.faults.add(Down(method="PUT", path="/environments/production", status=401, times=1))
    assert "refuses the project's credentials" in failed(project, "Contents")
    project.create("Contents", project.contents())


def test_a_secret_without_a_token_is_named(project):
    secrets = project.aws.client("secretsmanager")
    arn = project.environment["GITHUB_TOKEN_SECRET_ARN"]
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps({"token": "ghp_inside"}))
    reason = failed(project)
    assert "does not hold a GitHub token" in reason and "ghp_inside" not in reason


def test_a_secret_that_is_gone_is_named(project):
    project.environment["GITHUB_TOKEN_SECRET_ARN"] += "gone"
    assert "ResourceNotFoundException" in failed(project)


def test_a_function_without_a_sign_in_says_what_to_do(project):
    del project.environment["GITHUB_TOKEN_SECRET_ARN"]
    assert "Publish the template again" in failed(project)


def test_a_wrong_property_is_an_answer(project):
    assert "Visibility is 'secret'" in failed(project, Visibility="secret")


def test_an_event_of_another_resource_is_an_answer(project):
    answer = project.ask(project.event("Repository", "Create", {}) | {"ResourceType": "Custom::Other"})
    assert "not Custom::Other" in answer["Reason"]


def test_a_failure_nobody_thought_of_is_an_answer_without_its_values(project, caplog):
    def broken(service):
        raise RuntimeError(f"unexpected {project.token}")

    reply = project.event("Repository", "Create", project.repository())
    Pour(project.environment, broken, None, project.clock).handle(reply, project.context)
    assert "unexpectedly (RuntimeError)" in project.cloudformation.answer["Reason"]
    assert "broken:" in caplog.text
    assert project.token not in caplog.text + str(project.cloudformation.answers)


class Stuck(HttpSender):
    """Never comes back from the `at`-th call, until it is let go."""

    def __init__(self, url, at):
        super().__init__(url)
        self.at, self.count = at, 0
        self.let_go = threading.Event()

    def send(self, request, timeout):
        self.count += 1
        if self.count == self.at:
            self.let_go.wait(30)
        return super().send(request, timeout)


def test_a_function_that_hangs_is_answered_for_before_its_end_and_stops(project):
    stuck = Stuck(project.environment["GITHUB_API_URL"], 3)
    nearly_over = int(MARGIN_SECONDS * 1000) + 1_000  # in which it gets to the call that it hangs in
    pour = Pour(project.environment, project.aws.client, stuck, project.clock)
    event = project.event("Repository", "Create", project.repository())
    # The time that is left to calls does not end here: only the watch does.
    project.context.get_remaining_time_in_millis = iter([nearly_over, *[60_000] * 100]).__next__
    thread = threading.Thread(target=pour.handle, args=(event, project.context))
    thread.start()
    for _ in range(200):
        if project.cloudformation.answers:
            break
        thread.join(0.05)
    assert project.cloudformation.answer["Status"] == "FAILED"
    assert (
        "time was over before Create of BuildRepository was done" in project.cloudformation.answer["Reason"]
    )
    stuck.let_go.set()
    thread.join(30)
    stuck.close()
    assert stuck.count == 3  # nothing more was sent, and nothing more answered
    assert len(project.cloudformation.answers) == 1


def test_a_slow_github_is_waited_for_no_longer_than_the_function_lives(project, github):
    github.faults.add(Slow(seconds=0.5, times=1))
    project.context.milliseconds = int(RESERVE_SECONDS * 1000) + 100
    assert "GitHub cannot be reached: no answer in time from GET" in failed(project)


def test_nothing_is_begun_where_the_functions_time_is_nearly_over(project):
    project.context.milliseconds = int(RESERVE_SECONDS * 1000)  # all of it is kept for the answer
    assert "time is nearly over" in failed(project)


def test_no_secret_is_in_any_log_answer_or_error(project, github, caplog):
    caplog.set_level(logging.DEBUG)
    github.faults.add(Down(times=2))
    project.create_both()
    github.revoke(project.token)
    failed(project)
    project.environment["GITHUB_API_URL"] = "http://127.0.0.1:9"
    failed(project)
    # What boto3 and werkzeug write at DEBUG is not the function's: the handler silences the former, AWS has not the latter.
    ours = [
        record.getMessage()
        for record in caplog.records
        if record.name in {"pour", "github", "dispatch", "root"}
    ]
    assert len(ours) > 30
    written = "\n".join([*ours, json.dumps(project.cloudformation.answers)])
    assert project.token not in written
    assert "presigned" not in written


def test_the_sdks_own_logs_are_silenced_for_they_show_the_secret(project, monkeypatch, caplog):
    for name, value in {
        **project.environment,
        **{k: v for k, v in project.aws.environment.items() if "AWS" in k},
    }.items():
        monkeypatch.setenv(name, value)
    caplog.set_level(logging.DEBUG, logger="botocore")
    handler.handle(project.event("Repository", "Create", project.repository()), project.context)
    assert project.cloudformation.answer["Status"] == "SUCCESS"
    assert project.token not in caplog.text

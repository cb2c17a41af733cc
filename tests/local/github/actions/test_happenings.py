"""What starts a run, and what a job of it gets: events, tokens, secrets, variables."""

import base64
import json

import pytest
import requests

from local_aws.github.actions import tokens

SHOW = """
name: w
on:
  push: {branches: [main]}
  pull_request: {types: [opened, synchronize, reopened, closed]}
  repository_dispatch: {types: [told]}
  workflow_dispatch: {inputs: {arn: {type: string, required: true}, sure: {type: boolean, default: false}}}
  schedule: [{cron: "0 5 * * 1"}]
jobs:
  a:
    name: check
    runs-on: ubuntu-24.04
    permissions: {contents: write, pull-requests: write, id-token: write}
    steps:
      - run: cat $GITHUB_EVENT_PATH
      - run: echo "S=[${{ secrets.KEY }}] V=[${{ vars.NAME }}] I=[${{ inputs.arn }} ${{ inputs.sure }}]"
"""


def described(run):
    event = run.event
    return event.name, event.action, event.ref


def payload(run):
    """The event as the job found it in its file."""
    return json.loads("\n".join(run.job("a").steps[0].log[1:]))


def test_a_push_starts_a_run_of_the_workflow_as_it_is_in_the_pushed_commit(repo):
    made = repo(SHOW)
    made.branch("other")
    made.put("a.txt", "x", "other")
    made.put(".github/workflows/w.yml", SHOW.replace("name: check", "name: later"))
    first, second = made.settle()
    assert [first.job("a").name, second.job("a").name] == ["check", "later"]
    told = payload(second)
    assert (told["ref"], told["before"], told["after"]) == (
        "refs/heads/main",
        first.event.sha,
        second.event.sha,
    )
    assert (told["sender"]["login"], told["repository"]["full_name"]) == ("octo", made.full_name)


def test_a_push_by_git_starts_a_run_too_and_a_deleted_branch_none(repo, runner, git, tmp_path):
    made = repo(SHOW)
    url = runner.clone_url(made.full_name).replace("http://", "http://octo:octo-token@")
    git(tmp_path, "clone", "--quiet", url, "clone")
    (tmp_path / "clone" / "b.txt").write_text("b")
    git(tmp_path / "clone", "add", "b.txt")
    git(tmp_path / "clone", "commit", "--quiet", "--message", "Add b")
    git(tmp_path / "clone", "push", "--quiet", "origin", "HEAD:main", "HEAD:gone")
    git(tmp_path / "clone", "push", "--quiet", "origin", ":gone")
    assert [described(each) for each in made.settle()] == [("push", None, "refs/heads/main")] * 2
    assert made.runs()[-1].name == "Add b"


def test_a_pull_request_is_run_as_it_would_be_merged_from_opening_to_the_end(repo):
    made = repo(SHOW)
    number = made.propose()
    made.put("main.txt", "of main")
    made.put("change.txt", "newer\n", "change")
    made.ok("PATCH", f"/pulls/{number}", {"state": "closed"})
    made.ok("PATCH", f"/pulls/{number}", {"state": "open"})
    made.settle()
    made.ok("PUT", f"/pulls/{number}/merge")
    found = [each for each in made.settle() if each.event.name == "pull_request"]
    merge = f"refs/pull/{number}/merge"
    assert [described(each)[1:] for each in found] == [
        ("opened", merge),
        ("synchronize", merge),
        ("closed", merge),
        ("reopened", merge),
        ("closed", "refs/heads/main"),
    ]
    told = [payload(each) for each in found]
    assert [each["pull_request"]["merged"] for each in told] == [False] * 4 + [True]
    assert told[1]["after"] == told[1]["pull_request"]["head"]["sha"] == found[1].event.commit
    git = made.record.git
    assert git.entry(found[1].event.sha, "main.txt") is not None, "main is merged in"


def test_nothing_runs_for_a_pull_request_that_conflicts(repo):
    made = repo(SHOW)
    made.put("change.txt", "old\n")
    made.branch("mine")
    made.put("change.txt", "mine\n", "mine")
    made.put("change.txt", "theirs\n")
    made.ok("POST", "/pulls", {"title": "Change", "head": "mine", "base": "main"})
    assert "pull_request" not in {each.event.name for each in made.settle()}


def test_a_pull_request_from_a_fork_gets_no_secret_no_variable_and_cannot_write_or_sign_in(repo, runner):
    made = repo(SHOW, private=False)
    runner.set_secret(made.full_name, "KEY", "hush")
    made.ok("POST", "/actions/variables", {"name": "NAME", "value": "shop"})
    fork = runner.fork(made.full_name, "eve")
    evil = SHOW.replace(
        "      - run: cat",
        "      - {uses: aws-actions/configure-aws-credentials@v6.2.3, continue-on-error: true,"
        " with: {role-to-assume: 'arn:aws:iam::123456789012:role/x', aws-region: eu-west-1}}\n"
        "      - run: >-\n          curl -s -o /dev/null -w 'answered %{http_code}' -X POST -A x -d '{\"body\": \"hi\"}'"
        " -H 'Authorization: Bearer ${{ github.token }}' $GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/1/comments\n"
        "      - run: cat",
    )
    edit = {"message": "Edit", "content": _encoded(evil), "branch": "evil"}
    headers = {"Authorization": "Bearer eve-token"}
    api = f"{runner.api_url}/repos/{fork.full_name}"
    main = fork.git.branch("main")
    requests.post(
        f"{api}/git/refs", json={"ref": "refs/heads/evil", "sha": main}, headers=headers, timeout=30
    )
    old = requests.get(f"{api}/contents/.github/workflows/w.yml", headers=headers, timeout=30).json()["sha"]
    done = requests.put(
        f"{api}/contents/.github/workflows/w.yml", json=edit | {"sha": old}, headers=headers, timeout=30
    )
    assert done.ok, done.text
    made.ok("POST", "/pulls", {"title": "Evil", "head": "eve:evil", "base": "main"}, token="eve-token")
    [run] = [each for each in made.settle() if each.event.name == "pull_request"]
    log = run.job("a").log
    assert "S=[] V=[] I=[ ]" in log
    assert "answered 403" in log
    assert "Did you mean to set the `id-token` permission?" in log


def test_a_fork_that_edits_what_the_workflow_runs_gets_no_secret_no_variable_and_cannot_write_or_sign_in(
    repo, runner
):
    workflow = SHOW.replace("on:", "env: {KEY: '${{ secrets.KEY }}', NAME: '${{ vars.NAME }}'}\non:", 1)
    steps = "      - uses: actions/checkout@v7.0.1\n      - run: sh steps/train.sh '${{ github.token }}'\n"
    made = repo(f"{workflow}{steps}", private=False)
    runner.set_secret(made.full_name, "KEY", "hush")
    made.ok("POST", "/actions/variables", {"name": "NAME", "value": "shop"})
    made.put("steps/train.sh", "echo trained\n")
    fork = runner.fork(made.full_name, "eve")
    evil = (
        'echo "K=[$KEY] V=[$NAME] I=[$ACTIONS_ID_TOKEN_REQUEST_URL]"\n'
        "curl -s -o /dev/null -w 'answered %{http_code}' -X PUT -A x -H \"Authorization: Bearer $1\""
        ' -d \'{"message": "m", "content": "eA=="}\' "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/contents/owned.txt"\n'
    )
    headers = {"Authorization": "Bearer eve-token"}
    script = f"{runner.api_url}/repos/{fork.full_name}/contents/steps/train.sh"
    old = requests.get(script, headers=headers, timeout=30).json()["sha"]
    edit = {"message": "Edit", "content": _encoded(evil), "branch": "main", "sha": old}
    done = requests.put(script, json=edit, headers=headers, timeout=30)
    assert done.ok, done.text
    made.ok("POST", "/pulls", {"title": "Evil", "head": "eve:main", "base": "main"}, token="eve-token")
    [run] = [each for each in made.settle() if each.event.name == "pull_request"]
    log = run.job("a").log
    assert "K=[] V=[] I=[]" in log
    assert "answered 403" in log
    assert made.record.git.entry("main", "owned.txt") is None


def _encoded(text):
    return base64.b64encode(text.encode()).decode()


def test_what_a_jobs_token_does_starts_nothing_and_its_token_ends_with_it(repo):
    push = (
        "run: \"curl -s -f -o /dev/null -X PUT -A x -H 'Authorization: Bearer ${{ github.token }}'"
        " $GITHUB_API_URL/repos/$GITHUB_REPOSITORY/contents/new.txt"
        ' -d \'{\\"message\\": \\"m\\", \\"content\\": \\"eA==\\"}\'; echo token ${{ github.token }} | rev"'
    )
    made = repo(
        "on: push\njobs:\n  a:\n    runs-on: x\n    permissions: {contents: write}\n    steps:\n      - "
        + push
        + "\n"
    )
    [run] = made.settle()
    assert run.conclusion == "success", run.job("a").log
    assert made.record.git.entry("main", "new.txt") is not None
    value = run.job("a").steps[0].log[-1][::-1].removeprefix("token ")
    assert made.call("GET", "", token=value).status_code == 401


def test_a_dispatch_starts_the_default_branchs_workflow_with_its_payload(repo):
    made = repo(SHOW)
    nasty = "$(touch x) `id` ${{ github.token }} # **bold**"
    made.ok("POST", "/dispatches", {"event_type": "told", "client_payload": {"text": nasty}})
    made.ok("POST", "/dispatches", {"event_type": "other"})
    run = made.settle()[-1]
    assert described(run) == ("repository_dispatch", "told", "refs/heads/main")
    assert payload(run)["client_payload"] == {"text": nasty}
    assert len(made.runs()) == 2


def test_a_run_by_hand_has_its_inputs_and_refuses_what_the_workflow_does_not_name(repo):
    made = repo(SHOW)
    where = "/actions/workflows/w.yml/dispatches"
    made.ok("POST", where, {"ref": "main", "inputs": {"arn": "x:y"}})
    assert "I=[x:y false]" in made.settle()[-1].job("a").log
    refused = [
        made.call("POST", where, body).json()["message"]
        for body in (
            {"ref": "main"},
            {"ref": "main", "inputs": {"arn": "x", "other": "y"}},
            {"ref": "nowhere", "inputs": {"arn": "x"}},
        )
    ]
    assert refused == [
        "Required input 'arn' not provided",
        "Unexpected inputs provided: ['other']",
        "No ref found for: nowhere",
    ]
    assert made.call("POST", "/actions/workflows/other.yml/dispatches", {"ref": "main"}).status_code == 404


def test_a_schedule_runs_when_it_is_told_to(repo, runner):
    made = repo(SHOW)
    runner.actions.schedule(made.full_name)
    run = made.settle()[-1]
    assert (run.event.name, payload(run)["schedule"]) == ("schedule", "0 5 * * 1")


def test_a_protected_branch_takes_a_pull_request_whose_required_check_succeeded(repo):
    made = repo(SHOW.replace("- run: cat", "- run: test ! -e nothing\n      - run: cat"), private=False)
    rules = {
        "required_status_checks": {"strict": False, "contexts": ["check"]},
        "enforce_admins": True,
        "required_pull_request_reviews": None,
        "restrictions": None,
    }
    made.settle()
    made.ok("PUT", "/branches/main/protection", rules)
    number = made.propose()
    made.settle()
    assert made.ok("PUT", f"/pulls/{number}/merge")["merged"] is True
    bad = SHOW.replace("- run: cat", "- run: 'false'\n      - run: cat")
    number = made.propose("bad", bad, ".github/workflows/w.yml")
    made.settle()
    refused = made.call("PUT", f"/pulls/{number}/merge")
    assert (refused.status_code, refused.json()["message"]) == (
        405,
        'Required status check "check" is expected.',
    )


@pytest.mark.parametrize(
    ("change", "claims"),
    [
        ({}, {"sub_ends": ":ref:refs/heads/main", "event_name": "push", "head_ref": ""}),
        (
            {"pull": True},
            {
                "sub_ends": ":pull_request",
                "event_name": "pull_request",
                "head_ref": "change",
                "base_ref": "main",
            },
        ),
        ({"environment": "staging"}, {"sub_ends": ":environment:staging", "environment": "staging"}),
    ],
)
def test_a_jobs_oidc_token_says_which_job_asks(repo, runner, change, claims):
    environment = f"environment: {change['environment']}\n    " if "environment" in change else ""
    made = repo(SHOW.replace("permissions:", f"{environment}permissions:"))
    if change.get("pull"):
        made.propose()
    run = made.settle()[-1]
    found = tokens.claims(runner._state, run.job("a"), "sts.amazonaws.com")
    assert found["sub"].endswith(claims.pop("sub_ends"))
    expected = claims | {
        "aud": "sts.amazonaws.com",
        "repository": made.full_name,
        "run_id": str(run.id),
        "run_attempt": "1",
        "sha": run.event.sha,
        "actor": "octo",
        "workflow": "w",
        "workflow_ref": f"{made.full_name}/.github/workflows/w.yml@{run.event.ref}",
    }
    assert {name: found[name] for name in expected} == expected

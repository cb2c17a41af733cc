"""How a workflow's file is read: GitHub's own parser, and what this runner refuses by name."""

import pytest

from local_aws.github.actions import workflow
from local_aws.github.actions.errors import InvalidWorkflow

JOB = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps: [{run: make}]\n"


def read(language, text):
    return workflow.read(language, ".github/workflows/w.yml", text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (JOB.replace("push", "pish"), "Unexpected value 'pish'"),
        (JOB.replace("runs-on", "run-on"), "Unexpected value 'run-on'"),
        (JOB + "    needs: b\n", "at least one job with no dependencies"),
        (JOB + "    if: nothing.at.all == 1\n", "Unrecognized named-value: 'nothing'"),
        ("on: push\njobs: [", "Flow sequence"),
        (JOB + "    strategy: {matrix: {os: [a]}}\n", "the job a has `strategy`"),
        (JOB + "    container: node\n", "the job a has `container`"),
        ("on: push\njobs:\n  a:\n    uses: ./.github/workflows/b.yml\n", "has `uses`"),
    ],
)
def test_a_file_is_refused_with_what_is_wrong_with_it(language, text, problem):
    with pytest.raises(InvalidWorkflow, match=problem):
        read(language, text)


@pytest.mark.parametrize("written", ["success() == true", "${{ success() == true }}"])
@pytest.mark.parametrize("block", ["", ">-\n      "])
def test_a_condition_is_the_same_however_it_is_written(language, written, block):
    [job] = read(language, f"{JOB}    if: {block}{written}\n").jobs.values()
    assert job.condition == "success() == true"


def test_a_condition_that_names_no_status_asks_for_success(language):
    [job] = read(language, JOB + "    if: github.ref == 'x'\n").jobs.values()
    assert (job.condition, job.steps[0].condition) == ("success() && (github.ref == 'x')", "success()")


@pytest.mark.parametrize(
    ("stated", "permissions"),
    [
        ("", {"contents": "read"}),
        ("permissions: {}\n", {}),
        ("permissions: {id-token: write, contents: none}\n", {"id-token": "write"}),
    ],
)
def test_a_job_has_the_permissions_of_its_workflow_unless_it_states_its_own(language, stated, permissions):
    assert read(language, stated + JOB).jobs["a"].permissions == permissions
    own = f"{stated}{JOB}    permissions: {{issues: write}}\n"
    assert read(language, own).jobs["a"].permissions == {"issues": "write"}


def test_concurrency_may_be_a_name_alone(language):
    [job] = read(language, JOB + "    concurrency: g\n").jobs.values()
    assert job.concurrency == workflow.Concurrency("g", False, "single")

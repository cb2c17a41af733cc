"""What happens when a workflow runs: its jobs, their steps, what they get and what they leave."""

import json

from local_aws.github.actions import workflow
from local_aws.github.actions.errors import LanguageError

JOB = "  {}:\n    runs-on: ubuntu-24.04\n    steps:\n"


def steps(*lines, name="a", more=""):
    """A job with these steps, as a flow mapping each."""
    head = JOB.format(name).replace("    steps:\n", f"{more}    steps:\n")
    return head + "".join(f"      - {line}\n" for line in lines)


def test_steps_run_in_order_until_one_fails_and_conditions_choose_among_the_rest(run_of):
    run = run_of(
        steps(
            "run: echo one",
            "{run: exit 3, id: bad}",
            "run: echo two",
            "{run: 'echo three', if: failure()}",
            "{run: 'echo four', if: always()}",
            "{run: 'echo five', if: \"steps.bad.outcome == 'failure' && failure()\"}",
        )
    )
    job = run.job("a")
    assert [each.conclusion for each in job.steps] == [
        "success",
        "failure",
        "skipped",
        "success",
        "success",
        "success",
    ]
    assert (job.conclusion, run.conclusion) == ("failure", "failure")
    assert ("error", "Process completed with exit code 3.") in job.annotations


def test_a_failure_that_may_be_is_none_for_the_job(run_of):
    run = run_of(
        steps(
            "{run: 'false', id: maybe, continue-on-error: true}",
            "run: echo ${{ steps.maybe.outcome }} ${{ steps.maybe.conclusion }}",
        )
    )
    assert run.conclusion == "success"
    assert "failure success" in run.job("a").log


def test_bash_ends_at_the_first_command_that_fails_and_at_a_broken_pipe_where_it_is_named(run_of):
    run = run_of(
        steps('{run: "false | true\\necho on"}', "{run: 'false | true', shell: bash}", name="a")
        + steps('{run: "false\\necho on"}', name="b")
    )
    assert [each.conclusion for each in run.job("a").steps] == ["success", "failure"]
    assert "on" in run.job("a").log.splitlines()
    assert "on" not in run.job("b").log.splitlines()


def test_a_job_holds_nothing_of_the_host(run_of, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "PIP_INDEX_URL", "PYTHONPATH", "VIRTUAL_ENV", "MINE"):
        monkeypatch.setenv(name, "of the host")
    empty = 'run: test -z "$(ls -A ~)$(ls -A .)"'
    run = run_of(steps("run: env", empty, "run: touch ~/x y") + steps(empty, name="b", more="    needs: a\n"))
    assert run.conclusion == "success", "a job finds nothing of another"
    assert "of the host" not in run.job("a").log
    names = {line.partition("=")[0] for line in run.job("a").steps[0].log if "=" in line}
    allowed = {"CI", "HOME", "LANG", "PATH", "USER", "PWD", "SHLVL", "_"}
    assert {name for name in names if not name.startswith(("GITHUB_", "RUNNER_"))} == allowed


def test_environments_of_workflow_job_and_step_come_one_over_the_other(repo):
    made = repo(
        "on: push\nenv: {A: workflow, B: workflow, C: workflow}\njobs:\n"
        + steps(
            "{run: 'echo $A $B $C ${{ env.C }}', env: {C: step}}",
            "run: echo A=file >> $GITHUB_ENV; mkdir bin; echo $PWD/bin >> $GITHUB_PATH",
            "run: echo $A $B ${{ env.A }}; echo $PATH",
            more="    env: {B: 'job ${{ github.ref_name }}'}\n",
        )
    )
    [run] = made.settle()
    log = run.job("a").log.splitlines()
    assert "workflow job main step step" in log
    assert "file job main file" in log
    assert any(line.startswith("/") and "/bin:/usr/local/sbin" in line for line in log)


def test_outputs_go_from_step_to_job_to_the_jobs_that_need_it(run_of):
    run = run_of(
        steps(
            "{id: say, run: \"echo one=1 >> $GITHUB_OUTPUT\\nprintf 'two<<END\\\\na\\\\nb\\\\nEND\\\\n' >> $GITHUB_OUTPUT\"}",
            more="    outputs: {one: '${{ steps.say.outputs.one }}', two: '${{ steps.say.outputs.two }}'}\n",
        )
        + steps(
            "run: test '${{ needs.a.result }} ${{ needs.a.outputs.one }}' = 'success 1'",
            name="b",
            more="    needs: a\n",
        )
    )
    assert run.job("a").outputs == {"one": "1", "two": "a\nb"}
    assert run.conclusion == "success", run.job("b").log


def test_a_job_whose_needs_failed_is_skipped_and_so_is_what_needs_it_unless_it_runs_always(run_of):
    run = run_of(
        steps("run: 'false'")
        + steps("run: 'true'", name="b", more="    needs: a\n")
        + steps("run: 'true'", name="c", more="    needs: b\n")
        + steps("run: 'true'", name="d", more="    needs: [a, c]\n    if: always()\n")
        + steps("run: 'true'", name="e", more="    needs: d\n")
        + steps("run: 'true'", name="f", more="    needs: a\n    if: failure()\n")
        + steps("run: 'true'", name="g", more="    if: false\n")
    )
    conclusions = {name: job.conclusion for name, job in run.jobs.items()}
    assert conclusions == {
        "a": "failure",
        "b": "skipped",
        "c": "skipped",
        "d": "success",
        "e": "skipped",
        "f": "success",
        "g": "skipped",
    }


def test_a_job_above_a_skipped_one_that_it_needs_still_runs(run_of):
    run = run_of(
        "  last:\n    needs: middle\n    if: always()\n    runs-on: x\n    steps: [{run: 'true'}]\n"
        "  middle:\n    needs: first\n    runs-on: x\n    steps: [{run: 'true'}]\n"
        "  first:\n    runs-on: x\n    steps: [{run: exit 1}]\n"
    )
    found = {name: job.conclusion for name, job in run.jobs.items()}
    assert found == {"first": "failure", "middle": "skipped", "last": "success"}


def test_the_summary_of_a_job_is_what_its_steps_wrote(run_of):
    run = run_of(steps("run: echo '# One' >> $GITHUB_STEP_SUMMARY", "run: echo two >> $GITHUB_STEP_SUMMARY"))
    assert run.job("a").summary == "# One\n\ntwo\n"


def test_a_file_of_commands_that_cannot_be_read_fails_its_step(run_of):
    run = run_of(steps("run: echo nonsense >> $GITHUB_OUTPUT"))
    [(_, message)] = run.job("a").annotations
    assert message == "Unable to process file command 'GITHUB_OUTPUT' successfully. Invalid format 'nonsense'"


def test_secrets_and_what_a_step_masks_are_hidden_in_the_log(runner, repo):
    made = repo(
        "on: workflow_dispatch\njobs:\n"
        + steps(
            "{run: 'echo have $S', env: {S: '${{ secrets.KEY }}'}}",
            "run: echo '::add-mask::pass word'",
            "run: echo pass word; echo '::warning::see pass word'",
        )
    )
    runner.set_secret(made.full_name, "KEY", "hush-hush")
    made.ok("POST", "/actions/workflows/w.yml/dispatches", {"ref": "main"})
    [run] = made.settle()
    assert "have ***" in run.job("a").log
    assert "hush-hush" not in run.job("a").log
    assert ("warning", "see ***") in run.job("a").annotations


def test_an_unknown_action_fails_its_step_and_is_named(run_of):
    run = run_of(steps("uses: acme/deploy-it@v1", "run: echo on"))
    assert [each.conclusion for each in run.job("a").steps] == ["failure", "skipped"]
    assert "no equivalent of the action `acme/deploy-it@v1`" in run.job("a").log


def test_an_input_that_an_equivalent_lacks_fails_its_step_and_is_named(run_of):
    run = run_of(steps("{uses: actions/checkout@v7.0.1, with: {sparse-checkout: docs}}"))
    assert "does not know the input `sparse-checkout`" in run.job("a").log


def test_a_file_that_is_no_workflow_is_a_failed_run_that_says_why(repo):
    [run] = repo("on: push\njobs:\n  a: {runs-on: x, steps: [{run: a}], container: c}\n").settle()
    assert (run.conclusion, run.jobs) == ("failure", {})
    assert "the job a has `container`" in run.error


def test_a_checkout_is_the_commit_of_the_run_without_a_trace_of_the_token(repo):
    made = repo(
        "on: push\njobs:\n"
        + steps(
            "{uses: actions/checkout@v7.0.1, with: {persist-credentials: false}}",
            "run: git rev-parse HEAD; git branch --show-current; cat .git/config; ls -A",
        )
    )
    [run] = made.settle()
    log = run.job("a").steps[1].log
    assert log[1:3] == [run.event.sha, "main"]
    assert not any("extraheader" in line for line in log)


def test_artifacts_go_from_one_job_to_another(run_of):
    run = run_of(
        steps(
            "run: mkdir -p out/x && echo hello > out/x/a.txt && echo no > out/.hidden",
            "{uses: actions/upload-artifact@v7.0.0, with: {name: report, path: out/}}",
            "{uses: actions/upload-artifact@v7.0.0, with: {name: none, path: nothing/, if-no-files-found: ignore}}",
        )
        + steps(
            "{uses: actions/download-artifact@v8.0.0, with: {name: report, path: got}}",
            'run: test "$(cat got/x/a.txt)" = hello && test ! -e got/.hidden',
            "{uses: actions/upload-artifact@v7.0.0, with: {name: report, path: got}}",
            name="b",
            more="    needs: a\n",
        )
    )
    assert [each.conclusion for each in run.job("b").steps] == ["success", "success", "failure"]
    assert "(409) Conflict" in run.job("b").log, "an artifact is not written twice"
    assert list(run.artifacts) == ["report"]


def test_files_are_hashed_in_the_workspace(run_of):
    run = run_of(
        steps(
            "run: mkdir -p r/1 && echo hi > r/1/report.md",
            "{run: echo there, if: \"hashFiles('r/*/report.md') != ''\"}",
            "{run: echo absent, if: \"hashFiles('s/**') != ''\"}",
        )
    )
    assert [each.conclusion for each in run.job("a").steps] == ["success", "success", "skipped"]


def test_a_run_is_named_as_its_workflow_says(repo):
    made = repo("name: w\nrun-name: by ${{ github.actor }}\non: push\njobs:\n" + steps("run: 'true'"))
    assert [each.name for each in made.settle()] == ["by octo"]


def test_a_step_that_takes_too_long_fails(run_of):
    run = run_of(steps("{run: sleep 60, timeout-minutes: 0.001}"))
    assert "has timed out after 0.001 minutes" in run.job("a").log
    assert run.conclusion == "failure"


def test_python_is_this_machines_and_another_version_is_said(run_of):
    run = run_of(
        steps(
            "{uses: actions/setup-python@v7.0.0, with: {python-version: '3.99'}}",
            "run: which python3; python3 -c 'import sys; print(sys.prefix)'",
        )
    )
    assert run.conclusion == "success"
    assert "Python 3.99 is asked for; this machine has" in run.job("a").annotations[0][1]
    assert "/tools/Python/" in run.job("a").steps[1].log[1]


def test_what_keeps_a_run_from_starting_is_a_failed_run_that_says_why_and_the_next_one_starts(
    repo, monkeypatch
):
    made = repo("on: push\njobs:\n" + steps("run: 'true'"))
    made.settle()
    with monkeypatch.context() as patched:

        def missing(*_):
            raise LanguageError("Workflows need Node.js")

        patched.setattr(workflow, "read", missing)
        made.put(".github/workflows/other.yml", "on: push\njobs:\n" + steps("run: echo on"))
        made.settle()
    made.put("README.md", "x")
    assert [each.conclusion for each in made.settle()] == ["success", "failure", "success", "success"]
    assert made.runs()[1].error.endswith("Workflows need Node.js")


ASKS = (
    "python3 -c 'import json, os, urllib.request as r; e = os.environ; "
    'q = r.Request(e["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=me", '
    'headers={"Authorization": "bearer " + e["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]}); '
    "print(*json.load(r.urlopen(q)))'"
)


def test_a_step_is_told_where_to_ask_for_an_oidc_token_only_where_its_job_may_have_one(run_of):
    shown = 'run: echo "[${ACTIONS_ID_TOKEN_REQUEST_URL-none}]"'
    asks = json.dumps({"run": ASKS})
    run = run_of(
        steps(shown, asks, name="may", more="    permissions: {id-token: write}\n")
        + steps(shown, name="other", more="    permissions: {contents: read}\n")
        + steps(shown, name="default")
    )
    log = run.job("may").log
    assert run.job("may").conclusion == "success", log
    assert "/oidc/token?" in log
    assert "count value" in log
    assert "[none]" in run.job("other").log
    assert "[none]" in run.job("default").log

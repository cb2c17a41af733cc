"""`publish`, `create`, `update` and `teardown`, killed by SIGKILL at random moments and run again.

`make kills` kills each of them at 25 moments. The template is a small one, and for `create` and `update` the real one, too,
whose functions then are interrupted as well; one by one that is in tests/seed_code/functions.
"""

import io
import multiprocessing
import os
import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from local_aws.testing import Interruption
from project_template import stacks
from project_template.commands import create, teardown, update
from project_template.core.settings import Form
from project_template.errors import RefusedError
from tests.seed_code.test_project_life import checkout

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "2"))
REAL_KILLS = int(os.environ.get("KILLS", "1"))
FEWEST_CALLS = {"create": 100, "update": 40}
"""With the real template each makes about a third more calls."""
PRELOADED = ["botocore.session", "project_template.cli", "project_template.stacks"]

# A process of its own from a clean fork: what is killed has neither the server's threads nor the tests' locks.
COMMAND = """
import importlib.util, os, sys
os.environ.clear()
os.environ.update(environment)
os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
spec = importlib.util.spec_from_file_location("given", conftest)
given = importlib.util.module_from_spec(spec)
sys.modules["given"] = given
spec.loader.exec_module(given)
from dataclasses import replace
from rich.console import Console
from project_template.aws.clients import connect
from project_template.commands import create, publish, teardown, update
aws, console = connect(region), Console(file=open(os.devnull, "w"))
match command:
    case "publish":
        publish.run(aws, *asked, given.Templates(given.project_template()), console)
    case "create":
        create.run(aws, asked, console)
    case "update":
        update.run(aws, asked, console)
    case "teardown":
        teardown.run(aws, asked, teardown.take_inventory(aws, asked), console)
"""


class Commands:
    """Starts the commands, kills them, and knows how many calls they make when nobody does."""

    def __init__(self, publishing, environment, output):
        self.publishing, self.account = publishing, publishing.account
        self._given = {
            "environment": environment,
            "output": str(output),
            "conftest": str(Path(__file__).with_name("conftest.py")),
            "region": self.account.region_name,
        }
        self._output = output
        self._interruption = Interruption(self.account.server)
        self._forks = multiprocessing.get_context("forkserver")
        self._forks.set_forkserver_preload(PRELOADED)
        self._chance = random.Random(int.from_bytes(os.urandom(4), "big"))

    @property
    def killed(self):
        """How many were killed before they had ended."""
        return self._interruption.killed

    def process(self, command, asked):
        return self._forks.Process(
            target=exec, args=(COMMAND, {**self._given, "command": command, "asked": asked})
        )

    def calls(self, command, asked):
        """How many calls there are from its start to its end."""
        process = self.process(command, asked)
        calls = self._interruption.count(process)
        assert process.exitcode == 0, self._output.read_text()
        return calls

    def kill(self, command, asked, calls, number, kills=KILLS):
        """Start it and kill it in the `number`-th of so many parts of `calls`."""
        after = int((number + self._chance.random()) * calls / kills)
        self._interruption.kill(self.process(command, asked), after)

    def with_seed(self, text):
        return self.publishing.with_seed(text.encode())

    def run(self, command, asked):
        console, aws = Console(file=io.StringIO()), self.account.aws
        if command is teardown:
            return teardown.run(aws, asked, teardown.take_inventory(aws, asked), console)
        return command.run(aws, asked, console)

    def request(self, name, **parameters):
        return create.Request(name, self.account.name, Form.S3, {"GitHubOwner": "acme"} | parameters)

    def projects(self, name):
        listed = self.account.client("sagemaker").list_projects(NameContains=name)["ProjectSummaryList"]
        return [(each["ProjectName"], each["ProjectStatus"]) for each in listed]

    def stacks(self, name):
        """The names of the stacks that stand and hold the name."""
        listed = self.account.client("cloudformation").describe_stacks()["Stacks"]
        return [each["StackName"] for each in listed if name in each["StackName"]]


def made_for(publishing, tmp_path_factory):
    from local_aws.kernel import environment

    variables = environment.for_command(dict(os.environ), publishing.account.server.account.clients, {})
    return Commands(publishing, variables, tmp_path_factory.mktemp("killed") / "said.txt")


@pytest.fixture(scope="module")
def commands(make_publishing, tmp_path_factory):
    made = made_for(make_publishing(), tmp_path_factory)
    yield made
    # One of them alone may have ended before its moment.
    assert made.killed > 0, "every command had ended before it was killed"


def asked_of(publishing):
    return (publishing.settings, publishing.checkout)


def test_a_publication_that_is_killed_at_any_moment_is_finished_by_the_next(commands, record_property):
    whole = commands.calls("publish", asked_of(commands.with_seed("none")))
    for number in range(KILLS):
        publishing = commands.with_seed(f"seed {number}")
        commands.kill("publish", asked_of(publishing), whole, number)
        publishing.publish()
        assert publishing.plan().steps == []
        assert commands.stacks(commands.account.name) == [publishing.plan().blueprint.wanted.stack_name]
    record_property("publish killed and run again", KILLS)


def test_a_creation_that_is_killed_at_any_moment_is_finished_by_the_next(commands, record_property):
    commands.publishing.publish()
    whole = commands.calls("create", commands.request("whole"))
    for number in range(KILLS):
        name = f"created-{number}x"
        commands.kill("create", commands.request(name), whole, number)
        try:
            commands.run(create, commands.request(name))
        except RefusedError as refused:
            # It was made meanwhile: nothing is made twice, and what to do is said.
            assert f"There is a project {name} already (CreateCompleted" in str(refused)
        assert commands.projects(name) == [(name, "CreateCompleted")]
        assert len(commands.stacks(f"SP-{name}")) <= 1
    record_property("create killed and run again", KILLS)


def test_an_update_that_is_killed_at_any_moment_is_finished_by_the_next(commands, record_property):
    commands.publishing.publish()
    name = "updated"
    commands.run(create, commands.request(name))
    asked = update.Request(name, commands.account.name, {})
    commands.with_seed("first").publish()
    whole = commands.calls("update", asked)
    sqs = commands.account.client("sqs")
    for number in range(KILLS):
        publishing = commands.with_seed(f"update {number}")
        publishing.publish()
        commands.kill("update", asked, whole, number)
        commands.run(update, asked)
        [(_, status)] = commands.projects(name)
        assert status in {"CreateCompleted", "UpdateCompleted"}
        url = sqs.get_queue_url(QueueName=f"{name}-one")["QueueUrl"]
        assert publishing.checkout.seeds_sha256[:8] in sqs.list_queue_tags(QueueUrl=url)["Tags"]["seed"]
    record_property("update killed and run again", KILLS)


def test_a_teardown_that_is_killed_at_any_moment_is_finished_by_the_next(commands, record_property):
    commands.publishing.publish()
    commands.run(create, commands.request("whole-gone"))
    whole = commands.calls("teardown", teardown.Request("whole-gone", with_data=True))
    for number in range(KILLS):
        name = f"gone-{number}x"
        commands.run(create, commands.request(name))
        asked = teardown.Request(name, with_data=True)
        commands.kill("teardown", asked, whole, number)
        left = commands.run(teardown, asked)
        assert not teardown.has_work(left, asked)
        assert {status for _, status in commands.projects(name)} <= {"DeleteCompleted"}
        assert commands.stacks(name) == []
    record_property("teardown killed and run again", KILLS)


def test_a_project_of_the_real_template_is_finished_by_the_next_command(
    make_publishing, github, tmp_path_factory, record_property
):
    publishing = make_publishing(checkout=checkout("First"), synthesis=stacks)
    publishing.publish()
    commands = made_for(publishing, tmp_path_factory)

    def request(name):
        return commands.request(name, ProductionReviewers="publisher")

    for number in range(REAL_KILLS):
        name = f"real-{number}x"
        commands.kill("create", request(name), FEWEST_CALLS["create"], number, REAL_KILLS)
        try:
            commands.run(create, request(name))
        except RefusedError as refused:
            assert f"There is a project {name} already (CreateCompleted" in str(refused)
        assert commands.projects(name) == [(name, "CreateCompleted")]
        repositories = [github.repository(f"acme/{name}-{kind}") for kind in ("build", "deploy")]
        assert [each.git.empty for each in repositories] == [False, False]

        text = f"Update {number}"
        replace(publishing, checkout=checkout(text)).publish()
        asked = update.Request(name, commands.account.name, {})
        commands.kill("update", asked, FEWEST_CALLS["update"], number, REAL_KILLS)
        commands.run(update, asked)
        for each in repositories:
            [pull] = each.pulls.values()
            assert pull.state == "open"
            assert file_of(each, pull.head, "README.md") == f"# {text}\n"
            assert file_of(each, "main", "README.md") != f"# {text}\n"
    assert commands.killed > 0, "every command had ended before it was killed"
    record_property("create and update of the real template killed and run again", REAL_KILLS)


def file_of(repository, branch, path):
    command = ["git", "-C", str(repository.git.path), "show", f"{branch}:{path}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout

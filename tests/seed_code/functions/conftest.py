"""What tests of the functions share: an embedded GitHub, a function on it, time that does not pass, and all that is logged."""

import base64
import contextlib
import io
import itertools
import json
import pickle
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

# The archive is the folder: inside Lambda it is the root of all imports, and here too.
sys.path.insert(0, str(Path(__file__).parents[3] / "seed_code" / "functions"))

from github import Clock, HttpSender
from local_aws.github import Exchange, serve
from pour.handler import Pour


class StillClock(Clock):
    """Waits without waiting: `slept` says for how long."""

    def __init__(self, now=1_800_000_000.0):
        self.time = now
        self.slept = []

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class Context:
    """Lambda's context, of a function with so much time left."""

    milliseconds: int = 60_000

    def get_remaining_time_in_millis(self):
        return self.milliseconds


@dataclass
class CloudFormation:
    """Where a custom resource is answered. `answers` are the bodies that were put, `statuses` what it answers first."""

    url: str = ""
    answers: list[Any] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)
    statuses: list[Any] = field(default_factory=list)

    @property
    def answer(self):
        (only,) = self.answers
        return only


@pytest.fixture(scope="session")
def answering():
    """One HTTP server for the answers of all tests."""
    box = CloudFormation()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = box.statuses.pop(0) if box.statuses else 200
            if status == 200:
                box.bodies.append(body)
                box.answers.append(json.loads(body))
                box.headers.append(dict(self.headers))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            """Requests are no news."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        box.url = f"http://127.0.0.1:{server.server_port}/answer?X-Amz-Signature=presigned-{'s' * 20}"
        yield box
        server.shutdown()
        thread.join()


@pytest.fixture
def cloudformation(answering):
    for kept in (answering.answers, answering.bodies, answering.headers, answering.statuses):
        kept.clear()
    return answering


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
def context():
    return Context()


@pytest.fixture(scope="session")
def archive():
    return _archive


def _archive(files, executable=()):
    """A seed archive: {path: text or bytes}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = (0o100755 if path in executable else 0o100644) << 16
            zipped.writestr(entry, content)
    return buffer.getvalue()


# --- a project on the embedded GitHub ---

FIRST = {
    "README.md": "# Build\n",
    "recipes/clothing.yaml": "name: clothing\ndim: 32\nrate: 0.2\nwords: 2\nepochs: 10\n",
    "bin/run": "#!/bin/sh\n",
    "vendor/wheel.whl": bytes(range(256)) * 40,
    ".github/workflows/build.yml": "name: build\non: push\n",
}
EXECUTABLE = ("bin/run",)
TOKEN_NUMBERS = itertools.count(1)


class Killed(BaseException):
    """The function's process ends, here and now."""


class Dying(HttpSender):
    """Sends requests, and dies right after the `after`-th: GitHub has done it, the function never hears of it."""

    def __init__(self, url, after=None):
        super().__init__(url)
        self.after = after
        self.sent = []

    def send(self, request, timeout):
        self.sent.append((request.method, request.path))
        response = super().send(request, timeout)
        if len(self.sent) == self.after:
            self.close()
            raise Killed
        return response


@dataclass
class Project:
    """A project whose custom resources are asked for as CloudFormation does. `owner` owns its repositories."""

    github: object
    aws: object
    cloudformation: CloudFormation
    clock: StillClock
    environment: dict[str, str]
    token: str
    owner: str
    number: int
    context: Context = field(default_factory=Context)
    Killed: ClassVar = Killed

    @property
    def name(self):
        return f"reviews-{self.number}"

    @property
    def stack_id(self):
        return (
            f"arn:aws:cloudformation:eu-west-1:123456789012:stack/SP-p-{self.number:012}/uuid-{self.number}"
        )

    @property
    def full_name(self):
        return f"{self.owner}/{self.name}-build"

    @property
    def record(self):
        return self.github.repository(self.full_name)

    def put_seed(self, files=FIRST, executable=EXECUTABLE, key=None):
        """Put a seed archive into S3; returns its key."""
        body = _archive(files, executable)
        key = key or f"seeds/{self.number}/{abs(hash(body)):x}/build.zip"
        self.aws.client("s3").put_object(Bucket=self.aws.bucket, Key=key, Body=body)
        return key

    def repository(self, **changes):
        """The properties of a Custom::GitHubRepository."""
        return {
            "ServiceToken": "arn:pour",
            "Owner": self.owner,
            "Name": f"{self.name}-build",
            "Visibility": "private",
            "Description": "Trains the model",
            "Topics": ["sagemaker", "mlops"],
            "ProjectName": self.name,
            "ProjectId": f"p-{self.number:012}",
        } | changes

    def contents(self, key=None, **changes):
        """The properties of a Custom::GitHubContents."""
        return {
            "ServiceToken": "arn:pour",
            "RepositoryId": str(self.record.id),
            "FullName": self.full_name,
            "Seed": {"Bucket": self.aws.bucket, "Key": key or self.put_seed()},
            "Variables": {"AWS_REGION": "eu-west-1", "ARTIFACT_BUCKET": "artifacts", "TRAINING_DATA": ""},
            "Environments": [
                {"Name": "staging", "Reviewers": [], "ProtectedBranches": "true"},
                {
                    "Name": "production",
                    "Reviewers": ["ann", f"{self.owner}/approvers"],
                    "ProtectedBranches": "true",
                },
            ],
            "RequiredChecks": ["test"],
            "ProductionGate": "github",
            "ProjectName": self.name,
            "ProjectId": f"p-{self.number:012}",
            "GuardStacks": "false",
        } | changes

    def event(self, kind, request, properties, **more):
        return {
            "RequestType": request,
            "RequestId": "request-1",
            "ResponseURL": self.cloudformation.url,
            "StackId": self.stack_id,
            "ResourceType": f"Custom::GitHub{kind}",
            "LogicalResourceId": f"Build{kind}",
            "ResourceProperties": properties,
        } | more

    def ask(self, event, after=None):
        """The function's answer to an event. `after` so many calls to GitHub it is killed, which raises Killed."""
        sender = Dying(self.environment["GITHUB_API_URL"], after)
        before = len(self.cloudformation.answers)
        pour = Pour(self.environment, self.aws.client, sender, self.clock)
        try:
            pour.handle(event, self.context)
        finally:
            sender.close()
            self.calls = sender.sent
        assert len(self.cloudformation.answers) == before + 1
        return self.cloudformation.answers[-1]

    def create(self, kind, properties, **more):
        answer = self.ask(self.event(kind, "Create", properties, **more))
        assert answer["Status"] == "SUCCESS", answer["Reason"]
        return answer

    def create_both(self):
        self.create("Repository", self.repository())
        return self.create("Contents", self.contents())

    def update(self, kind, old, new, **more):
        physical = str(self.record.id) + ("/contents" if kind == "Contents" else "")
        more = {"PhysicalResourceId": physical, "OldResourceProperties": old} | more
        return self.ask(self.event(kind, "Update", new, **more))

    def delete(self, kind, properties, physical_id, **more):
        return self.ask(self.event(kind, "Delete", properties, PhysicalResourceId=physical_id, **more))

    def kept(self):
        """Keeps the repository as it is; returns what brings that back, as often as it is called."""
        record, folder = self.record, self.record.git.path
        copy = folder.with_suffix(".kept")
        shutil.copytree(folder, copy)
        # Who owns it and where it is stay the same.
        state = pickle.dumps(
            {name: value for name, value in vars(record).items() if name not in {"owner", "git"}}
        )

        def bring_back():
            shutil.rmtree(folder)
            shutil.copytree(copy, folder)
            vars(record).update(pickle.loads(state))

        return bring_back

    def git(self, *arguments, folder=None):
        """git in a clone (made with `clone`), or on the bare repository."""
        command = ["git", "-C", str(folder or self.record.git.path), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def clone(self, folder):
        url = self.github.clone_url(self.full_name)
        login = base64.b64encode(f"x:{self.token}".encode()).decode()
        settings = [
            f"http.extraHeader=Authorization: Basic {login}",
            "user.name=Ann",
            "user.email=ann@example.com",
        ]
        command = [word for setting in settings for word in ("-c", setting)]
        subprocess.run(["git", "clone", "-q", *command, url, str(folder)], check=True, capture_output=True)
        return folder

    def files(self, ref="main"):
        """{path: (mode, content as text)} of a branch."""
        found = {}
        for line in self.git("ls-tree", "-r", ref).splitlines():
            facts, _, path = line.partition("\t")
            mode, _, sha = facts.split()
            blob = subprocess.run(
                ["git", "-C", str(self.record.git.path), "cat-file", "blob", sha],
                check=True,
                capture_output=True,
            ).stdout
            found[path] = (mode, blob)
        return found

    def state(self):
        """All that the project has on GitHub, without the ids, names and times that no two projects share."""
        record = self.record
        variables = {name: each.value for name, each in record.variables.items()}
        mark = variables.pop("SAGEMAKER_PROJECT_REPOSITORY", "")
        state = {
            "settings": (record.visibility, record.archived, sorted(record.topics), record.default_branch),
            "description": (record.description or "").partition(" [")[0],
            "mark": (mark.partition(" ")[0], mark.rpartition(" ")[2] in (record.description or "")),
            "branches": self.git("for-each-ref", "--format=%(refname)").split(),
            "variables": variables,
            "environments": {
                each.name: (
                    sorted(kind for kind, _ in each.reviewers),
                    each.protected_branches,
                    each.wait_timer,
                )
                for each in record.environments.values()
            },
            "protection": record.protection,
            "pulls": [(each.head, each.base, each.state, each.title) for each in record.pulls.values()],
        }
        if record.git.empty:
            return state
        logs = [
            self.git("log", "--format=%s%n%b", *refs) for refs in (["main"], ["--branches", "--not", "main"])
        ]
        return {**state, "logs": logs, "files": self.git("ls-tree", "-r", "main")}


@pytest.fixture(scope="session")
def github_server(tmp_path_factory):
    """The embedded GitHub of the session, and a list that holds every exchange with its API."""
    exchanges: list[Exchange] = []
    with serve(tmp_path_factory.mktemp("github"), exchanges.append) as github:
        yield github, exchanges


@pytest.fixture
def github(github_server):
    """The embedded GitHub of the session, without faults."""
    github, _ = github_server
    github.faults.clear()
    yield github
    github.faults.clear()


@pytest.fixture
def exchanges(github_server):
    """What goes between the functions and GitHub during this test."""
    _, exchanges = github_server
    exchanges.clear()
    return exchanges


@pytest.fixture
def project(github, aws, cloudformation):
    """A project of an organisation on GitHub Enterprise, signed in with the token of one of its owners."""
    return make_project(github, aws, cloudformation)


@pytest.fixture
def project_of(github, aws, cloudformation):
    """Makes a project of an organisation with another plan, or other settings."""

    def project_of(plan="enterprise", **settings):
        return make_project(github, aws, cloudformation, plan, **settings)

    return project_of


def make_project(github, aws, cloudformation, plan="enterprise", role="owners", **settings):
    number = next(TOKEN_NUMBERS)
    owner, robot, token = f"acme-{number}", f"robot-{number}", f"ghp_secret{number:030}"
    with contextlib.suppress(ValueError):  # an earlier test of this session has added her
        github.add_user("ann")
    github.add_user(robot, token)
    members = {"members": ["ann"], "owners": []}
    members[role] = [*members[role], robot]
    github.add_organization(owner, plan, **members, **settings)
    github.add_team(owner, "approvers", ["ann"])
    arn = aws.client("secretsmanager").create_secret(Name=f"github-{number}", SecretString=token)["ARN"]
    environment = {"GITHUB_API_URL": github.api_url, "GITHUB_TOKEN_SECRET_ARN": arn}
    clock = StillClock(time.time())
    return Project(github, aws, cloudformation, clock, environment, token, owner, number)

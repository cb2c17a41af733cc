"""The commands of the documentation, page by page, in one project on one embedded AWS, with their placeholders filled in.

docs/first-model.md has a test of its own (test_first_model.py). What is not executed is listed in `documentation.NOT_EXECUTED`.
"""

import base64
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from documentation import NOT_EXECUTED, ROOT, blocks, commands

pytestmark = pytest.mark.slow

URL, ATTACHED = "http://127.0.0.1:5577", 'eval "$(local-aws env)"'
WORDS = {
    1: ["terrible", "cheap", "scratchy", "disappointed", "awful", "unflattering", "shapeless", "poor", "returned"],
    3: ["okay", "average", "fine", "plain", "usual", "decent", "medium"],
    5: ["love", "perfect", "soft", "compliments", "gorgeous", "comfortable", "lovely", "great"],
}  # fmt: skip
STRICT = """set -eo pipefail
trap 'echo "failed: $BASH_COMMAND" >&2' ERR
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
# The command behind $1 in the file $2, as somebody pastes it.
paste() { eval "$(sed -n "s/^$1 //p" "$2" | tail -1)"; }
serve() { "$@" 2> serve.log & until grep -q "serves at" serve.log; do kill -0 $!; sleep 0.2; done; }
"""
ISSUER, AUDIENCE = "https://tokens.example.com", "docs"


def reviews(count):
    """Reviews as the recipe clothing-reviews reads them, whose words give their rating away."""
    draw = random.Random(1)
    rows = [
        f"{each},{' '.join(draw.choices(WORDS[each], k=5))}" for each in draw.choices(list(WORDS), k=count)
    ]
    return "\n".join(
        ["Title,Review Text,Rating", *(f"no {number},{row[2:]},{row[0]}" for number, row in enumerate(rows))]
    )


def token():
    """What a client of the API with `auth: jwt` sends. The embedded API does not check who signed it."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 3600, "scope": ""}
    parts = [{"alg": "RS256", "kid": "1"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "signature"])


@dataclass
class Shell:
    """A folder with a copy of both repositories and data, and the variables of a shell that the server was told to."""

    folder: Path
    variables: dict[str, str]
    url: str = ""
    printed: str = ""

    def run(self, script):
        """What a script of bash prints; it ends at the first command that fails, and that command is named."""
        done = subprocess.run(
            ["bash", "-c", f"{STRICT}{script}"],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
        return done.stdout + done.stderr

    def page(self, path, changes=None, before="", after=""):
        """Run the commands of a page; `changes` has those that need a value here, or a server to themselves."""
        shown = [each for each in commands(ROOT / path) if (path, each) not in NOT_EXECUTED]
        filled = {ATTACHED: ":"} | (changes or {})
        assert set(changes or {}) <= set(shown), "a command that the page does not have any more"
        lines = [filled.get(each, each).replace(URL, self.url) for each in shown]
        return self.run("\n".join([before, *lines, after]))

    def client(self, service):
        session = boto3.Session(
            self.variables["AWS_ACCESS_KEY_ID"],
            self.variables["AWS_SECRET_ACCESS_KEY"],
            self.variables["AWS_SESSION_TOKEN"],
            region_name=self.variables["AWS_REGION"],
        )
        return session.client(service, endpoint_url=self.url)


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """A server as docs/offline.md starts it, and a shell in a folder like a checkout's."""
    folder = tmp_path_factory.mktemp("documentation") / "checkout"
    generated = shutil.ignore_patterns("reports", "__pycache__")
    for part in ("build", "deploy"):
        shutil.copytree(ROOT / part, folder / part, ignore=generated)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    (folder / "reviews.csv").write_text(reviews(400))
    staging = folder / "deploy" / "stages" / "staging.yaml"
    api = {"kind": "http_api", "auth": "jwt", "jwt": {"issuer": ISSUER, "audience": [AUDIENCE]}}
    staging.write_text(f"{staging.read_text()}\napi: {json.dumps(api)}\n")
    # A busy machine is no reason to go back.
    production = folder / "deploy" / "stages" / "production.yaml"
    production.write_text(production.read_text().replace("latency_p99_ms: 500", "latency_p99_ms: 20000"))
    checks = folder / "deploy" / "checks" / "clothing-reviews.json"
    checks.write_text(checks.read_text().replace('"latency_ms": 500', '"latency_ms": 20000'))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = {"PATH": path, "GIT_DIR": os.devnull, "HOME": str(folder), "LOCAL_AWS_TIME_SCALE": "0.02"}
    made = Shell(folder, {**os.environ, **own})
    [up, *_] = commands(ROOT / "docs" / "offline.md")
    assert up.startswith("local-aws up ")
    log = folder / "up.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [*up.split(), "--port", "0"],
            cwd=folder,
            env=made.variables,
            stderr=output,
            start_new_session=True,
        )
    try:
        while "Create a project" not in log.read_text():
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        made.printed = log.read_text()
        made.url = re.search(r"serves at (http://\S+)", made.printed)[1]
        told = made.run(f'eval "$(local-aws env --attach {made.url})"; env -0')
        made.variables |= dict(each.split("=", 1) for each in told.split("\0") if "=" in each)
        yield made
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


def hint(text, start):
    """The command behind `start` in what a command printed."""
    [found] = re.findall(rf"^{re.escape(start)} ?(.*)$", text, re.MULTILINE)
    return found


@pytest.fixture(scope="module")
def live(shell):
    """docs/offline.md: the template is published, a project made, and a model trained, approved and live in both stages."""
    [publish] = [each for each in commands(ROOT / "docs" / "offline.md") if " publish " in each]
    [up, *_] = commands(ROOT / "docs" / "offline.md")
    return shell.page("docs/offline.md", {up: ":", publish: hint(shell.printed, "Publish the template:")})


@pytest.fixture(scope="module")
def second(shell, live):
    """The same bytes, registered as version 2."""
    sagemaker = shell.client("sagemaker")
    group = shell.variables["MODEL_PACKAGE_GROUP_NAME"]
    first = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"][0]
    found = sagemaker.describe_model_package(ModelPackageName=first["ModelPackageArn"])
    parts = ("InferenceSpecification", "ModelMetrics", "CustomerMetadataProperties", "ModelPackageGroupName")
    given = {part: found[part] for part in parts if part in found}
    made = sagemaker.create_model_package(**given, ModelApprovalStatus="PendingManualApproval")
    return made["ModelPackageArn"]


def test_offline(live):
    assert "local-production serves version 1" in live
    assert "BuildRepositoryUrl" in live


def test_call_the_api(shell, live):
    addresses = {
        each["name"]: each["api"]
        for each in json.loads(shell.run("model-deploy status --root deploy --json"))["stages"]
    }
    page = "docs/call-the-api.md"
    [_, with_token] = commands(ROOT / page)
    told = shell.page(
        page,
        {with_token: f"API_URL={addresses['staging']} API_TOKEN={token()}\n{with_token}"},
        before=f"export API_URL={addresses['production']}",
    )
    assert len(re.findall(r'"label": "positive"', told)) == 2
    [script] = [text for language, text in blocks(ROOT / page) if language == "python"]
    (shell.folder / "call.py").write_text(script)
    told = shell.run(f"export API_URL={addresses['production']}\npython call.py")
    assert "'label': 'positive'" in told


def test_train(shell, live):
    new = "model-build new-recipe reviews.csv"
    told = shell.page(
        "build/README.md",
        {new: f"{new} | tee new.log"},
        before="cd build\ncp ../reviews.csv .\nexport RECIPE=reviews",
        after=(
            "paste Next: new.log | tee check.log\npaste 'The data can be trained on:' check.log\n"
            "rm recipes/reviews.yaml"
        ),
    )
    assert "Nothing to run: the same commit, data, recipe and champion have been through" in told


def test_approve(shell, second):
    told = shell.page("docs/approve.md")
    assert "Version 2 is rejected" in told
    [script] = [text for language, text in blocks(ROOT / "docs" / "approve.md") if language == "python"]
    (shell.folder / "approve.py").write_text(script)
    assert shell.run("python approve.py && model-build models | grep '^2 .* approved'")


def test_deploy(shell, second):
    """After docs/approve.md, from where the command goes on that `approve` prints."""
    bucket, key = shell.variables["ARTIFACT_BUCKET"], "in/texts.jsonl"
    texts = b'{"text": "I love it"}\n{"text": "Terrible"}\n'
    shell.client("s3").put_object(Bucket=bucket, Key=key, Body=texts)
    page = "deploy/README.md"
    values = {"ARN": second, "s3://...": f"s3://{bucket}/{key}"}
    filled = {
        line: line.replace(value, values[value])
        for line in commands(ROOT / page)
        for value in values
        if value in line
    }
    teardown = "model-deploy teardown --stage staging"
    told = shell.page(
        page,
        {**filled, teardown: f"echo y | {teardown}"},
        before=(
            f"cd deploy\nmodel-build approve {second} --why 'reads well' | tee approve.log\n"
            "paste 'Next in the deploy repository.*:' approve.log"
        ),
    )
    assert "2 texts by " in told


def test_publish(shell, live):
    page = "docs/publish.md"
    told = hint(shell.printed, "Publish the template:")
    given = told.split(" publish ")[1]
    options = dict(zip(given.split()[::2], given.split()[1::2], strict=True))
    where = f"--form s3 --github-url {options['--github-url']} --issuer {options['--issuer']}"
    role = shell.variables["PIPELINE_ROLE_ARN"]

    def filled(line):
        line = line.replace("--token-secret ARN", f"--token-secret {options['--token-secret']} {where}")
        line = line.replace("--domain d-abc", f"--domain {options['--domain']}")
        line = line.replace("--principal ARN", f"--principal {role}").replace("ada,acme/ml", "owner")
        as_root = f"local-aws exec --attach {shell.url} --as root -- "
        return as_root + line if " publish" in line else line

    changes = {each: filled(each) for each in commands(ROOT / page) if (page, each) not in NOT_EXECUTED}
    teardown = "project-template teardown churn"
    changes[teardown] = f"echo y | {teardown}"
    told = shell.page(page, changes)
    assert told


def test_readme(shell, live):
    """Its server starts; what follows is asked of the one that is there, where test_train has trained the same."""
    told = shell.page("README.md", {"local-aws up &": "serve local-aws up --port 0"})
    assert "(pending approval)" in told


def test_recipes(shell):
    draw = random.Random(2)
    rows = [
        f"__label__{tag} how do i make {tag} number {number} ?"
        for number, tag in enumerate(draw.choices(["bread", "baking", "yeast"], k=300))
    ]
    (shell.folder / "build" / "cooking_stackexchange.txt").write_text("\n".join(rows))
    told = shell.page("docs/recipes.md", before="cd build")
    assert "(pending approval)" in told


def test_local_aws(shell):
    page, state = "docs/local-aws.md", "local-aws up --state ~/my-aws"
    filled = {
        line: line.replace("CMD ...", "model-build models")
        for line in commands(ROOT / page)
        if " CMD" in line
    }
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    told = shell.page(
        page,
        {
            **{line: to for line, to in filled.items() if (page, line) not in NOT_EXECUTED},
            state: f"serve {state} --port {port}\nkill -INT $!\nwait $!",
        },
    )
    assert f"Next: {state.replace('~', str(shell.folder))}" in told

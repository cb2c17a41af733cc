"""A project's people in tests: an administrator's shell, an owner's browser, and clones of the repositories."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from embedded import OWNER, Embedded

from local_aws.kernel import environment
from local_aws.kernel.account import REGION
from project_template.stacks.publication_values import GITHUB_ISSUER

TEMPLATE = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent


@dataclass
class Account:
    """An administrator's shell, and an owner's browser."""

    embedded: Embedded
    folder: Path
    project: str

    @classmethod
    def make(cls, embedded: Embedded, folder: Path, project: str) -> Account:
        """With a copy of the template, which may be changed."""
        made = cls(embedded, folder, project)
        generated = shutil.ignore_patterns(".*_cache", ".cache", ".git", ".venv", "node_modules", "reports")
        shutil.copytree(TEMPLATE, made.checkout, ignore=generated)
        return made

    def client(self, service: str) -> Any:
        session: Any = self.embedded.clients.session()
        return session.client(service, endpoint_url=self.embedded.url)

    def template(self, *arguments: str, code: int = 0, timeout: float = 600) -> Any:
        """What the checkout's `project-template` prints with --json."""
        variables = environment.for_command(os.environ, self.embedded.clients, {})
        variables["PYTHONPATH"] = str(self.checkout / "seed_code")
        return command(
            "project-template", *arguments, "--json", variables=variables, code=code, timeout=timeout
        )

    def publish(self) -> Any:
        facts = self.embedded.facts
        where = ("--github-url", facts["api"], "--issuer", GITHUB_ISSUER)
        return self.template("publish", "--form", "s3", "--token-secret", facts["secret"], *where)

    @property
    def checkout(self) -> Path:
        """The template, as the platform engineer has it: a copy, which may be changed."""
        return self.folder / "template"

    def github(self, method: str, path: str, body: Any = None) -> Any:
        """A call of GitHub's REST API as the owner."""
        headers = {"Authorization": f"Bearer {self.embedded.facts['token']}"}
        answer = requests.request(
            method, f"{self.embedded.facts['api']}{path}", json=body, headers=headers, timeout=30
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def clone(self, repository: str) -> Path:
        url = self.github("GET", f"/repos/{repository}")["clone_url"]
        signed = url.replace("http://", f"http://{OWNER}:{self.embedded.facts['token']}@")
        folder = self.folder / repository.partition("/")[2]
        git(self.folder, "clone", "--quiet", signed, str(folder))
        git(folder, "config", "user.name", "Ada")
        git(folder, "config", "user.email", "ada@example.com")
        return folder

    def decide(self, model_package_arn: str, status: str) -> None:
        """Approve or reject a model package, and wait until its deploy repository has heard of it."""
        before = len(self.dispatches())
        self.client("sagemaker").update_model_package(
            ModelPackageArn=model_package_arn, ModelApprovalStatus=status
        )
        self._hears(before, seconds=30)

    def _hears(self, before: int, seconds: float) -> None:
        """Wait for another dispatch than the first ones."""
        deadline = time.monotonic() + seconds
        while len(self.dispatches()) == before:
            assert time.monotonic() < deadline, "nothing was dispatched"
            time.sleep(0.02)

    def packages(self) -> set[str]:
        """The ARNs of the project's model packages."""
        listed = self.client("sagemaker").list_model_packages(ModelPackageGroupName=f"{self.project}-models")
        return {each["ModelPackageArn"] for each in listed["ModelPackageSummaryList"]}

    def served(self, stage: str) -> str:
        """The ARN of the model package that a stage's endpoint answers with."""
        sagemaker = self.client("sagemaker")
        endpoint = sagemaker.describe_endpoint(EndpointName=f"{self.project}-{stage}")
        config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
        arn: str = model["PrimaryContainer"]["Environment"]["MODEL_PACKAGE_ARN"]
        return arn

    def fill_lake(self) -> str:
        """A bucket of the team's own with training data, under a key of its own; returns the key's ARN."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=LAKE, CreateBucketConfiguration={"LocationConstraint": REGION})
        key: str = self.client("kms").create_key(Description="The lake's own")["KeyMetadata"]["Arn"]
        encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        s3.put_bucket_encryption(
            Bucket=LAKE,
            ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": encryption}]},
        )
        s3.put_bucket_notification_configuration(
            Bucket=LAKE, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        s3.put_object(Bucket=LAKE, Key="reviews/sentences.tsv", Body=sentences().encode())
        return key

    def add_data(self, objects: dict[str, str]) -> list[Any]:
        """Put objects into the lake; returns the one dispatch that tells of them, once no more arrive."""
        before = len(self.dispatches())
        for key, body in objects.items():
            self.client("s3").put_object(Bucket=LAKE, Key=key, Body=body.encode())
        self._hears(before, seconds=120)
        [told] = self.dispatches()[before:]
        return told

    def dispatches(self) -> list[list[Any]]:
        found: list[list[Any]] = self.embedded.ask("dispatches")
        return found


@dataclass(frozen=True)
class Job:
    """A job of a workflow: a clone, the repository's variables, and the role that its token gets it."""

    account: Account
    repository: str
    clone: Path
    role: str
    claims: dict[str, Any]

    def variables(self) -> dict[str, str]:
        page = self.account.github("GET", f"/repos/{self.repository}/actions/variables?per_page=30")
        return {each["name"]: each["value"] for each in page["variables"]}

    def sign_in(self, audience: str = "sts.amazonaws.com") -> dict[str, str]:
        """As aws-actions/configure-aws-credentials does."""
        token = self.account.embedded.ask(
            "oidc_token", repository=self.repository, audience=audience, **self.claims
        )
        role = self.variables()[self.role]
        answer = self.account.client("sts").assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="job-1", WebIdentityToken=token, DurationSeconds=14400
        )["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
            "AWS_SESSION_TOKEN": answer["SessionToken"],
        }

    def run(self, name: str, *arguments: str, code: int = 0, **more: str) -> Any:
        """What a command prints with --json."""
        variables = environment.for_command(
            os.environ, self.account.embedded.clients, self.variables() | self.sign_in() | more
        )
        # The poured packages, not those of this checkout.
        variables["PYTHONPATH"] = f"{self.clone}:{self.clone / 'steps'}"
        return command(name, *arguments, "--json", variables=variables, code=code, cwd=self.clone)


LAKE = "the-lake"
FOLDER = f"s3://{LAKE}/reviews/"
DATA = f"{FOLDER}sentences.tsv"


def command(
    name: str,
    *arguments: str,
    variables: dict[str, str],
    code: int = 0,
    cwd: Path = TEMPLATE,
    timeout: float = 600,
) -> Any:
    done = subprocess.run(
        [SCRIPTS / name, *arguments],
        cwd=cwd,
        env=variables,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == code, f"{name} {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout) if done.stdout else done.stderr


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def sentences(rows: int = 900, seed: int = 1) -> str:
    """Rows like the labelled Amazon sentences': id, mean rating, text. deploy/checks has the same words."""
    words = {
        -2.5: ["terrible", "worst", "bad", "problem", "problems", "disappointment"],
        0.1: ["arrived", "box", "cable", "manual", "monday", "adapter"],
        2.4: ["love", "great", "perfect", "excellent", "easy", "use"],
    }
    draw = random.Random(seed)
    written = []
    for number in range(rows):
        rating = draw.choice(list(words))
        written.append(f"{number}\t{rating}\t{' '.join(draw.choices(words[rating], k=6))}\n")
    return "".join(written)

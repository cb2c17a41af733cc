"""What tests of publishing, creating, examining and taking down share: an account on the embedded AWS, and a small template.

Calls that the embedded AWS does not have (Service Catalog, Service Quotas) are answered by `Account.script`:
botocore has checked the request by then, and the answer is checked against the operation's own shape.
"""

from __future__ import annotations

import copy
import io
import itertools
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.validate import ParamValidator

TEMPLATES_LOCATION = "sagemaker:projectS3TemplatesLocation"

_numbers = itertools.count(1)


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class Refusal(Exception):
    """Raised by a script: the service's own error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Account:
    """An account with names that no other test uses. Stands in for a boto3.Session."""

    server: Any
    session: Any
    name: str
    region_name: str
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    credentials: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            from botocore.config import Config

            self._clients[service] = self.session.client(
                service,
                endpoint_url=self.server.endpoint_url,
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
                **self.credentials,
            )
        return self._clients[service]

    @property
    def aws(self) -> Any:
        from project_template.aws.clients import Aws

        return Aws(self)  # type: ignore[arg-type]

    @property
    def bucket(self) -> str:
        return f"{self.name}-123456789012-{self.region_name}"

    def script(
        self, service: str, operation: str, answer: Callable[[dict[str, Any]], dict[str, Any] | None]
    ) -> None:
        """Have `answer` answer the operation; None lets the embedded AWS do it. For services that speak JSON."""
        client = self.client(service)
        model = client.meta.service_model.operation_model(operation)

        def send(request: Any, **_: Any) -> AWSResponse | None:
            asked = json.loads(request.body)
            try:
                said = answer(asked)
            except Refusal as refusal:
                body = {"__type": refusal.code, "message": str(refusal)}
                return AWSResponse(request.url, 400, HTTPHeaders(), _Raw(json.dumps(body).encode()))
            if said is None:
                return None
            self.calls.append((operation, asked))
            if model.output_shape is not None:
                report = ParamValidator().validate(said, model.output_shape)
                assert not report.has_errors(), report.generate_report()
            return AWSResponse(request.url, 200, HTTPHeaders(), _Raw(json.dumps(said).encode()))

        client.meta.events.register(f"before-send.{service}.{operation}", send)

    def add_domain(self) -> str:
        """A new Studio domain's id."""
        made = self.client("sagemaker").create_domain(
            DomainName=self.name,
            AuthMode="IAM",
            DefaultUserSettings={"ExecutionRole": "arn:aws:iam::123456789012:role/Studio"},
            SubnetIds=["subnet-1"],
            VpcId="vpc-1",
        )
        return str(made["DomainId"])

    def domain_tags(self, domain: str) -> dict[str, str]:
        listed = self.client("sagemaker").list_tags(ResourceArn=self._domain_arn(domain))["Tags"]
        return {tag["Key"]: tag["Value"] for tag in listed}

    def point_domain(self, domain: str, location: str | None) -> None:
        """Have a Studio domain look elsewhere for templates, or nowhere."""
        client, arn = self.client("sagemaker"), self._domain_arn(domain)
        if location is None:
            client.delete_tags(ResourceArn=arn, TagKeys=[TEMPLATES_LOCATION])
        else:
            client.add_tags(ResourceArn=arn, Tags=[{"Key": TEMPLATES_LOCATION, "Value": location}])

    def _domain_arn(self, domain: str) -> str:
        return str(self.client("sagemaker").describe_domain(DomainId=domain)["DomainArn"])


@dataclass
class Templates:
    """A Synthesis of small templates. `project` is the project's, as data; `broken` the name of a role that is taken.

    The embedded CloudFormation has no products: with `product_id` there is only the output of one.
    """

    project: dict[str, Any]
    broken: str = ""
    product_id: str = ""
    publications: list[Any] = field(default_factory=list)

    def project_template(self, publication: Any) -> str:
        self.publications.append(publication)
        written = copy.deepcopy(self.project) | {"Metadata": {"Version": publication.version}}
        written["Resources"]["Queue"]["Properties"]["Tags"] = [
            {"Key": "seed", "Value": publication.seed_prefix},
            {"Key": "functions", "Value": publication.functions_key},
        ]
        return json.dumps(written, indent=1)

    def publication_template(self, settings: Any) -> str:
        resources: dict[str, Any] = {
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "BucketName": settings.bucket,
                    "VersioningConfiguration": {"Status": "Enabled"},
                    "CorsConfiguration": {
                        "CorsRules": [
                            {
                                "AllowedOrigins": ["https://*.sagemaker.aws"],
                                "AllowedMethods": ["POST", "PUT", "GET", "HEAD", "DELETE"],
                                "AllowedHeaders": ["*"],
                            }
                        ]
                    },
                },
            },
            "LaunchRole": {"Type": "AWS::IAM::Role", "Properties": _launch_role(settings.launch_role_name)},
        }
        outputs = {
            "TemplateBucketName": {"Value": {"Ref": "Bucket"}},
            "LaunchRoleArn": {"Value": {"Fn::GetAtt": ["LaunchRole", "Arn"]}},
        }
        if settings.catalog is not None:
            resources["Product"] = _product(settings.catalog)
        if self.product_id:
            outputs["ProductId"] = {"Value": self.product_id}
        if self.broken:
            resources["Broken"] = {"Type": "AWS::IAM::Role", "Properties": _launch_role(self.broken)}
        return json.dumps({"Resources": resources, "Outputs": outputs}, indent=1)


def _launch_role(name: str) -> dict[str, Any]:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    allow = {"Effect": "Allow", "Action": ["sqs:*", "iam:PassRole"], "Resource": "*"}
    return {
        "RoleName": name,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [
            {"PolicyName": "launch", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow]}}
        ],
    }


def _product(catalog: Any) -> dict[str, Any]:
    versions = [
        {"Name": each.name, "Info": {"LoadTemplateFromURL": each.template_url}} for each in catalog.versions
    ]
    return {
        "Type": "AWS::ServiceCatalog::CloudFormationProduct",
        "Properties": {
            "Name": catalog.product,
            "Owner": catalog.owner,
            "ProvisioningArtifactParameters": versions,
        },
    }


def project_template() -> dict[str, Any]:
    """A project of a queue."""
    return {
        "Parameters": {
            "SageMakerProjectName": {"Type": "String", "AllowedPattern": "^[a-z0-9](-*[a-z0-9]){0,31}$"},
            "SageMakerProjectId": {"Type": "String", "Default": ""},
            "GitHubOwner": {"Type": "String", "AllowedPattern": "^[A-Za-z0-9-]{1,39}$"},
            "ProductionGate": {"Type": "String", "Default": "github"},
            "Recipe": {"Type": "String", "Default": "one", "AllowedValues": ["one", "two"]},
            "DelaySeconds": {"Type": "String", "Default": "0"},
        },
        "Resources": {
            "Queue": {
                "Type": "AWS::SQS::Queue",
                "Properties": {
                    "QueueName": {"Fn::Sub": "${SageMakerProjectName}-${Recipe}"},
                    "DelaySeconds": {"Ref": "DelaySeconds"},
                },
            }
        },
        "Outputs": {"QueueName": {"Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}},
    }


@pytest.fixture(scope="session")
def _client_session(local_server: Any) -> Any:
    return local_server.account.clients.session()


ORGANISATION, TOKEN = "acme", "ghp_publisher00000000000000000000000"


@pytest.fixture(scope="session")
def github(local_server: Any) -> Any:
    """The embedded GitHub, with the organisation `acme` on an Enterprise's plan, and a token of one of its owners."""
    local_server.github.add_user("publisher", TOKEN)
    local_server.github.add_organization(ORGANISATION, "enterprise", owners=["publisher"])
    return local_server.github


@pytest.fixture(scope="session")
def make_account(local_server: Any, _client_session: Any) -> Callable[[], Account]:
    def make_account() -> Account:
        name, region = f"publication-{next(_numbers)}", local_server.account.region
        return Account(local_server, _client_session, name, region)

    return make_account


@pytest.fixture
def account(make_account: Callable[[], Account]) -> Account:
    return make_account()


@pytest.fixture
def templates() -> Templates:
    return Templates(project_template())


def small_seed(**changes: str) -> bytes:
    """A seed's archive of two files and their manifest; `changes` are made after the manifest, by path."""
    from project_template import manifest

    files = {"README.md": b"read me", "prepare.py": b"print()"}
    files[manifest.NAME] = manifest.of(files).encode()
    files |= {path: text.encode() for path, text in changes.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for path in sorted(files):
            zipped.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), files[path])
    return buffer.getvalue()


@pytest.fixture
def make_seed() -> Callable[..., bytes]:
    return small_seed


@dataclass
class Publishing:
    """A checkout, what is asked of it, and where to: `publish()` runs the command."""

    account: Account
    settings: Any
    checkout: Any
    templates: Any
    said: list[str] = field(default_factory=list)

    def asked(self, **changes: Any) -> Publishing:
        """The same, asked for something else."""
        return replace(self, settings=replace(self.settings, **changes), said=[])

    def with_seed(self, content: bytes) -> Publishing:
        """The same, from a checkout whose seed is another one."""
        import hashlib

        digest = hashlib.sha256(content).hexdigest()
        changed = replace(self.checkout, seeds={"build.zip": content}, seeds_sha256=digest)
        return replace(self, checkout=changed, said=[])

    def plan(self) -> Any:
        from project_template.commands import publish

        return publish.make(self.account.aws, self.settings, self.checkout, self.templates)

    def publish(self, timeout: float = 300) -> Any:
        from rich.console import Console

        from project_template.commands import publish

        stream = io.StringIO()
        try:
            return publish.run(
                self.account.aws,
                self.settings,
                self.checkout,
                self.templates,
                Console(file=stream, width=200),
                timeout,
            )
        finally:
            self.said += stream.getvalue().splitlines()

    def keys(self) -> dict[str, int]:
        """The bucket's objects, and how many versions each has."""
        found: dict[str, int] = {}
        pages = (
            self.account.client("s3")
            .get_paginator("list_object_versions")
            .paginate(Bucket=self.account.bucket)
        )
        for page in pages:
            for version in page.get("Versions", ()):
                found[version["Key"]] = found.get(version["Key"], 0) + 1
        return found


@pytest.fixture(scope="session")
def make_publishing(github: Any, make_account: Callable[[], Account]) -> Callable[..., Publishing]:
    """Makes one of an account of its own, signed in by a token of `publisher`; of a small checkout and small templates."""
    from project_template.core.blueprint import Checkout
    from project_template.core.settings import Form, PublishSettings
    from project_template.stacks.publication_values import TokenSignIn

    small = Checkout({"build.zip": small_seed()}, "a" * 64, b"functions", "b" * 64)

    def make_publishing(
        account: Account | None = None, checkout: Checkout = small, synthesis: Any = None
    ) -> Publishing:
        account = account or make_account()
        secrets = account.client("secretsmanager")
        arn = secrets.create_secret(Name=f"{account.name}/token", SecretString=TOKEN)["ARN"]
        sign_in = TokenSignIn(arn)
        settings = PublishSettings(sign_in, name=account.name, form=Form.S3, github_api_url=github.api_url)
        return Publishing(account, settings, checkout, synthesis or Templates(project_template()))

    return make_publishing


@pytest.fixture
def publishing(
    account: Account, templates: Templates, make_publishing: Callable[..., Publishing]
) -> Publishing:
    return make_publishing(account, synthesis=templates)


def plain(text: str) -> str:
    """A help text without its box and colours, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m|[│╭╮╰╯─]", " ", text))


def variables(account: Account) -> dict[str, str | None]:
    """The whole environment of a command that works in the account."""
    from local_aws.kernel import environment

    made = environment.for_command({}, account.server.account.clients, {})
    return dict.fromkeys(os.environ, None) | made

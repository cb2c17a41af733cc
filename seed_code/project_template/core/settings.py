"""The options of a publication, checked before AWS is called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from project_template.errors import UsageError
from project_template.stacks.publication_values import GITHUB_API, GITHUB_ISSUER, AppSignIn, TokenSignIn

DEFAULT_NAME = "text-classification"
DEFAULT_OWNER = "Machine learning platform"

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9\-]{1,61}[a-z0-9]")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+\-]{0,63}")
_SECRET = re.compile(r"arn:aws[a-z\-]*:secretsmanager:[a-z0-9\-]+:\d{12}:secret:.+")
_KEY = re.compile(r"arn:aws[a-z\-]*:kms:[a-z0-9\-]+:\d{12}:key/.+")
_PROVIDER = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:oidc-provider/.+")
_PRINCIPAL = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:(role|user|group)/.+")
_TAG_KEY = re.compile(r"[\w\s.:/=+\-@]{1,128}")
_TAG_VALUE = re.compile(r"[\w\s.:/=+\-@]{0,256}")
LONGEST_NAME = 32
MOST_TAGS = 40
"""A resource has 50 at most, and the project has some of its own."""
_DOMAIN = re.compile(r"d-[a-z0-9\-]{1,61}")


class Form(StrEnum):
    """The form in which Studio finds the template."""

    S3 = "s3"
    SERVICE_CATALOG = "service-catalog"
    BOTH = "both"

    @property
    def in_s3(self) -> bool:
        """Whether the template is published in S3."""
        return self is not Form.SERVICE_CATALOG

    @property
    def in_catalog(self) -> bool:
        """Whether the template is published in Service Catalog."""
        return self is not Form.S3


@dataclass(frozen=True)
class PublishSettings:
    """The options of `project-template publish`. The command computes values for empty strings, or leaves them to the stack.

    `domains` are ids of Studio domains that get the tag; `principals` are ARNs of the roles that Studio's users work as,
    which may create projects. `issuer` is the URL of GitHub's OIDC provider.
    """

    sign_in: TokenSignIn | AppSignIn
    name: str = DEFAULT_NAME
    form: Form = Form.BOTH
    bucket: str = ""
    version: str = ""
    owner: str = DEFAULT_OWNER
    github_api_url: str = GITHUB_API
    issuer: str = GITHUB_ISSUER
    oidc_provider_arn: str = ""
    domains: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    take_domain: bool = False
    tags: tuple[tuple[str, str], ...] = ()
    access_log_bucket: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > LONGEST_NAME:
            raise UsageError(
                f"--name is {self.name!r}; expected up to {LONGEST_NAME} letters, digits and hyphens."
            )
        if not self.owner.strip():
            raise UsageError(f"--owner is {self.owner!r}; expected whom Service Catalog is to name.")
        _check(
            "--bucket", self.bucket, _BUCKET, "the name of a bucket, without dots: TLS has to fit its name"
        )
        _check("--access-log-bucket", self.access_log_bucket, _BUCKET, "the name of a bucket")
        check_tags(dict(self.tags))
        _check("--version", self.version, _VERSION, "up to 64 letters, digits and ._+-")
        match self.sign_in:
            case TokenSignIn(secret_arn):
                _check("--token-secret", secret_arn, _SECRET, "the ARN of a secret")
            case AppSignIn(app_id, key_arn):
                _check("--app-id", app_id, re.compile(r"\d+"), "the App's number")
                _check("--app-key", key_arn, _KEY, "arn:aws:kms:REGION:ACCOUNT:key/ID")
        _check("--oidc-provider", self.oidc_provider_arn, _PROVIDER, "the ARN of an OIDC provider")
        for domain in self.domains:
            _check("--domain", domain, _DOMAIN, "a Studio domain's id, d-...")
        for principal in self.principals:
            _check("--principal", principal, _PRINCIPAL, "the ARN of a role, user or group")
        for option, url in (("--github-url", self.github_api_url), ("--issuer", self.issuer)):
            if not url.startswith(("https://", "http://127.0.0.1:")):
                raise UsageError(f"{option} is {url!r}; expected https://...")


def check_tags(tags: Mapping[str, str]) -> None:
    """Raises UsageError for tags that AWS does not take, or that are the project's own.

    Source: "Tag naming limits and requirements", AWS resource tagging guide.
    """
    if len(tags) > MOST_TAGS:
        raise UsageError(f"--tag is given {len(tags)} times; expected {MOST_TAGS} tags at most.")
    for key, value in tags.items():
        if not _TAG_KEY.fullmatch(key) or key.lower().startswith(("aws:", "sagemaker:")):
            raise UsageError(
                f"--tag has the key {key!r}; expected up to 128 letters, digits, spaces and _.:/=+-@, not beginning with "
                "aws: or sagemaker:."
            )
        if not _TAG_VALUE.fullmatch(value):
            raise UsageError(
                f"--tag {key} is {value!r}; expected up to 256 letters, digits, spaces and _.:/=+-@."
            )


def watched_prefix(training_data: str | None, watch: bool | None) -> str | None:
    """The parameter WatchedPrefix: below which keys new objects retrain; "" for nowhere, None where nobody said.

    Raises UsageError where there is nothing to watch.
    """
    if not watch:
        return None if watch is None else ""
    key = (training_data or "").removeprefix("s3://").partition("/")[2]
    if not key:
        raise UsageError(
            "--watch-data watches the training data: name it with --training-data s3://BUCKET/PREFIX/ (or one object's URI)."
        )
    return key


def sign_in(token_secret: str, app_id: str, app_key: str) -> TokenSignIn | AppSignIn:
    """The one way to sign in that the options name. Raises UsageError for none, both, or half of one."""
    if bool(app_id) != bool(app_key):
        raise UsageError("--app-id and --app-key go together: the App's number, and its key in KMS.")
    if bool(token_secret) == bool(app_id):
        raise UsageError(
            "The functions need one way to sign in to GitHub: --token-secret ARN, or --app-id with --app-key ARN."
        )
    return TokenSignIn(token_secret) if token_secret else AppSignIn(app_id, app_key)


def issuer_of(github_api_url: str) -> str:
    """The URL of the OIDC provider that belongs to a GitHub: github.com, GHE.com, or a GitHub Enterprise Server.

    Source: "OpenID Connect", GitHub's documentation of Actions. Raises UsageError for any other address.
    """
    url = github_api_url.rstrip("/")
    if url == GITHUB_API:
        return GITHUB_ISSUER
    if found := re.fullmatch(r"https://api\.([a-z0-9\-]+)\.ghe\.com", url):
        return f"https://token.actions.{found[1]}.ghe.com"
    if found := re.fullmatch(r"(https://[^/]+)/api/v3", url):
        return f"{found[1]}/_services/token"
    raise UsageError(
        f"--github-url {github_api_url} is neither {GITHUB_API}, nor https://HOST/api/v3, nor https://api.NAME.ghe.com: say "
        "with --issuer where its OIDC provider is."
    )


def _check(option: str, value: str, allowed: re.Pattern[str], expected: str) -> None:
    if value and not allowed.fullmatch(value):
        raise UsageError(f"{option} is {value!r}; expected {expected}.")

"""The resources that `local-aws up` prepares beside the default project, and their addresses."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from local_aws.errors import UsageError
from local_aws.github import GitHub
from local_aws.kernel.account import Clients

ISSUER = "https://token.actions.githubusercontent.com"
"""The issuer that the embedded STS takes the embedded GitHub's for."""
OWNER = "owner"
"""The login of the user who owns the organisation."""


@dataclass(frozen=True)
class Owner:
    """An organisation of the embedded GitHub and its owner's sign-in: a token, which the secret `secret_arn` holds, too."""

    organization: str
    login: str
    token: str
    secret_arn: str


def organization(github: GitHub, clients: Clients, login: str) -> Owner:
    """The organisation `login` with an owner, whose token is in a secret as `project-template publish` wants it.

    Creates it if it is missing.

    Raises UsageError for a login that GitHub does not allow.
    """
    if not all(part.isascii() and part.isalnum() for part in login.split("-")) or len(login) > 39:
        raise UsageError(
            f"--github-org {login!r}: up to 39 letters and digits, with single hyphens between them, as GitHub wants it"
        )
    if login.lower() == OWNER:
        raise UsageError(f"--github-org {login!r} is the login of its owner here; choose another one")
    secrets, name = clients.client("secretsmanager"), f"github/{login}"
    if github.has_account(login):
        kept = secrets.get_secret_value(SecretId=name)
        return Owner(login, OWNER, kept["SecretString"], kept["ARN"])
    if not github.has_account(OWNER):
        github.add_user(OWNER)
    github.add_organization(login, plan="enterprise", owners=[OWNER])
    token = github.issue_token(OWNER)
    return Owner(login, OWNER, token, secrets.create_secret(Name=name, SecretString=token)["ARN"])


def studio_domain(clients: Clients, name: str, role_arn: str) -> str:
    """The id of the Studio domain of that name, whose users work as the role. Creates the domain if it is missing."""
    sagemaker = clients.client("sagemaker")
    for known in sagemaker.list_domains()["Domains"]:
        if known["DomainName"] == name:
            return str(known["DomainId"])
    made = sagemaker.create_domain(
        DomainName=name,
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": role_arn},
        SubnetIds=["subnet-0123456789abcdef0"],
        VpcId="vpc-0123456789abcdef0",
    )
    return str(made["DomainArn"].rpartition("/")[2])


def instructions(
    github: GitHub,
    clients: Clients,
    owner: Owner | None,
    domain_id: str | None,
    page: str,
    projects: Sequence[str] = (),
) -> list[str]:
    """The addresses of everything, that of the `page` first, and the commands that use it, for another shell.

    `projects` are the names of those that were prepared beside the default one.
    """
    url = clients.endpoint_url
    said = [
        f"Watch it in a browser: {page}",
        f"The embedded AWS serves at {url} (Ctrl-C stops it).",
        f"Run a command against it: local-aws exec --attach {url} -- CMD",
        f'Or set a shell up once: eval "$(local-aws env --attach {url})"',
        *(
            f"Work in the project {name}: local-aws exec --attach {url} --project {name} -- CMD"
            for name in projects
        ),
        f"GitHub's API, in a browser, and git: {github.api_url}  {github.web_url}  {github.git_url}",
    ]
    if domain_id is not None:
        said.append(f"Studio domain: {domain_id}")
    if owner is None:
        return said
    said.append(
        f"GitHub organisation: {owner.organization}; sign in as {owner.login} with the token {owner.token}"
    )
    # Publishing makes an OIDC provider and roles, which is an administrator's work.
    publish = ["local-aws", "exec", "--attach", url, "--as", "root", "--"]
    publish += ["project-template", "publish", "--token-secret", owner.secret_arn, "--form", "s3"]
    publish += ["--github-url", github.api_url, "--issuer", ISSUER]
    publish += ["--domain", domain_id] if domain_id else []
    create = ["project-template", "create", "shop", "--github-org", owner.organization]
    create += ["--reviewers", owner.login]
    return [*said, f"Publish the template: {shlex.join(publish)}", f"Create a project: {shlex.join(create)}"]

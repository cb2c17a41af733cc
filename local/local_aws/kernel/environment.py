"""The environment of a command that runs against the embedded AWS: nothing of the real account in it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local_aws.kernel.account import Clients
from local_aws.kernel.sessions import Session
from local_aws.kernel.signing.keys import AccessKey
from local_aws.python_startup import FOLDER

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SDK_CONFIG = ("SAGEMAKER_ADMIN_CONFIG_OVERRIDE", "SAGEMAKER_USER_CONFIG_OVERRIDE")
"""The variables from which the SageMaker SDK reads defaults: roles, buckets, networks of a real account."""
_OPTIONAL = frozenset(
    {
        "DEPLOY_SERVICE_ROLE_ARN",
        "KMS_KEY_ARN",
        "PERMISSIONS_BOUNDARY_ARN",
        "PULL_REQUEST_ROLE_ARN",
        "PULL_REQUEST_TRIAL_ROLE_ARN",
        "TRIAL_ROLE_ARN",
    }
)
"""Variables that a project may lack: those of another project must not stand in for them."""


def for_command(
    base: Mapping[str, str],
    clients: Clients,
    variables: Mapping[str, str],
    credentials: AccessKey | Session | None = None,
) -> dict[str, str]:
    """`base` with every AWS_ variable replaced by what reaches the server of `clients`: as its administrator where there
    are no other credentials.

    Profiles, credential and config files, also the SageMaker SDK's, and the metadata service are shut off, so that real
    credentials are neither used nor forwarded, whatever the command does. A proxy stays for all but loopback. Python
    programs that name a host of AWS themselves are sent to the server, too: see `local_aws.python_startup`.
    """
    environment = {
        key: value for key, value in base.items() if not _is_account_variable(key) and key not in _OPTIONAL
    }
    environment |= _isolated(clients.region, credentials or clients.keys.administrator)
    environment["AWS_ENDPOINT_URL"] = clients.endpoint_url
    # The SDK would ask IAM to simulate the role's policies, which moto cannot.
    environment["SAGEMAKER_VALIDATE_ROLE"] = "false"
    paths = [each for each in environment.get("PYTHONPATH", "").split(os.pathsep) if each]
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(FOLDER), *paths]))
    return environment | _without_proxy(environment) | dict(variables)


def shell_commands(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The commands that bring a POSIX shell from one environment to the other. Variables that are equal are left out."""
    unset = sorted(key for key in before if key not in after)
    changed = {key: value for key, value in sorted(after.items()) if before.get(key) != value}
    exported = [f"export {key}={shlex.quote(value)}" for key, value in changed.items()]
    return [f"unset {' '.join(unset)}", *exported] if unset else exported


@contextmanager
def without_real_account(region: str) -> Iterator[None]:
    """Hide the real account, and the proxy of loopback, from this process while the embedded AWS runs in it.

    moto makes clients of its own, and the server's clients are more than boto3's.
    """
    replaced = _without_proxy(os.environ)
    hidden = {
        key: os.environ.pop(key) for key in list(os.environ) if _is_account_variable(key) or key in replaced
    }
    isolated = _isolated(region, AccessKey("nobody")) | replaced
    os.environ.update(isolated)
    try:
        yield
    finally:
        for key in isolated:
            os.environ.pop(key, None)
        os.environ.update(hidden)


def _is_account_variable(key: str) -> bool:
    return key.startswith("AWS_") or key in _SDK_CONFIG


def _without_proxy(base: Mapping[str, str]) -> dict[str, str]:
    """The variables that keep requests to this machine off any proxy. Programs differ in which of the two they read."""
    stated = [each.strip() for key in ("NO_PROXY", "no_proxy") for each in base.get(key, "").split(",")]
    hosts = ",".join(dict.fromkeys(filter(None, [*stated, *_LOOPBACK])))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def _isolated(region: str, key: AccessKey | Session) -> dict[str, str]:
    return {
        **key.variables,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **dict.fromkeys(_SDK_CONFIG, os.devnull),
    }

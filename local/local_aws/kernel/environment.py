"""The environment of a command that runs against the embedded AWS: nothing of the real account in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local_aws.kernel.account import Clients
from local_aws.kernel.keys import AccessKey

_KEPT = frozenset({"AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"})


def for_command(base: Mapping[str, str], clients: Clients, variables: Mapping[str, str]) -> dict[str, str]:
    """`base` with every AWS_ variable replaced by what reaches the server of `clients` as its administrator.

    Profiles, credential and config files and the metadata service are shut off, so that real credentials are neither
    used nor forwarded, whatever the command does.
    """
    environment = {key: value for key, value in base.items() if not _of_the_account(key)}
    environment |= _isolated(clients.region, clients.keys.administrator)
    environment["AWS_ENDPOINT_URL"] = clients.endpoint_url
    # The SDK would ask IAM to simulate the role's policies, which moto cannot.
    environment["SAGEMAKER_VALIDATE_ROLE"] = "false"
    no_proxy = environment.get("NO_PROXY", environment.get("no_proxy", ""))
    environment["NO_PROXY"] = environment["no_proxy"] = ",".join(filter(None, [no_proxy, "127.0.0.1"]))
    return environment | dict(variables)


@contextmanager
def without_real_account(region: str) -> Iterator[None]:
    """Hide the real account from this process while the embedded AWS runs in it: moto makes clients of its own."""
    hidden = {key: os.environ.pop(key) for key in list(os.environ) if _of_the_account(key)}
    isolated = _isolated(region, AccessKey("nobody"))
    os.environ.update(isolated)
    try:
        yield
    finally:
        for key in isolated:
            os.environ.pop(key, None)
        os.environ.update(hidden)


def _of_the_account(key: str) -> bool:
    return key.startswith("AWS_") and key not in _KEPT


def _isolated(region: str, key: AccessKey) -> dict[str, str]:
    return {
        **key.variables,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }

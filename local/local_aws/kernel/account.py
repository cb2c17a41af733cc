"""The account of the embedded services, and the clients with which they call each other."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from boto3.session import Session
from botocore.config import Config
from botocore.loaders import Loader, create_loader

from local_aws.kernel import caller
from local_aws.kernel.calls import Calls
from local_aws.kernel.faults import Faults
from local_aws.kernel.service_events import ServiceEvents
from local_aws.kernel.sessions import Session as RoleSession
from local_aws.kernel.sessions import Sessions
from local_aws.kernel.signing.keys import AccessKey, Keys, of_running

ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"
SESSION_NAME = "SageMaker"
"""The session of a role under which SageMaker acts."""
SIGNERS = 128
"""Credentials whose clients are kept: each client takes a megabyte, and every job in CI signs in with new ones."""
_HTTP = 80


@cache
def _loader() -> Loader:
    """The models of all clients, read once. Not the servers' (wire.loader): clients change the paths in S3's."""
    return create_loader()


def isolated_session(region: str, credentials: AccessKey | RoleSession) -> Session:
    """A boto3 session that reads neither the credentials, the profile nor the config files of whoever runs it."""
    nothing = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    core = botocore.session.Session(session_vars=nothing)
    core.register_component("data_loader", _loader())
    if isinstance(credentials, AccessKey):
        core.set_credentials(credentials.id, credentials.secret)
    else:
        core.set_credentials(credentials.access_key, credentials.secret_key, credentials.token)
    return Session(botocore_session=core, region_name=region)


@dataclass(frozen=True)
class Clients:
    """boto3 clients of one endpoint, made once each and kept for the SIGNERS that asked last. Safe to share between threads."""

    endpoint_url: str
    region: str = REGION
    keys: Keys = field(default_factory=Keys)
    _sessions: OrderedDict[str, Session] = field(default_factory=OrderedDict, repr=False)
    _made: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of_running(cls, endpoint_url: str, region: str = REGION) -> Clients:
        """The clients of a `local-aws up` that this user runs. Raises keys.KeyFileError."""
        key = of_running(urlsplit(endpoint_url).port or _HTTP)
        return cls(endpoint_url, region, Keys(administrator=key))

    def session(self) -> Session:
        """A boto3 session of the administrator, for other clients than those below."""
        return isolated_session(self.region, self.keys.administrator)

    def client(self, service: str, credentials: AccessKey | RoleSession | None = None) -> Any:
        """The client of `service`, a boto3 service name: the administrator's where there are no other credentials.

        Never retries: the server is next door.
        """
        credentials = credentials or self.keys.administrator
        key = credentials.id if isinstance(credentials, AccessKey) else credentials.access_key
        with self._lock:
            if key not in self._sessions:
                self._forget_until(SIGNERS - 1)
                self._sessions[key], self._made[key] = isolated_session(self.region, credentials), {}
            self._sessions.move_to_end(key)
            made = self._made[key]
            if service not in made:
                made[service] = self._sessions[key].client(
                    service,  # type: ignore[call-overload]
                    endpoint_url=self.endpoint_url,
                    config=Config(
                        max_pool_connections=32,
                        retries={"total_max_attempts": 1},
                        proxies={},
                        s3={"addressing_style": "path"},
                    ),
                )
            return made[service]

    def _forget_until(self, most: int) -> None:
        while len(self._sessions) > most:
            key, _ = self._sessions.popitem(last=False)
            del self._made[key]


@dataclass(frozen=True)
class Account:
    """The account, as every embedded service gets it.

    `state` is a scratch folder that goes with the server. `time_scale` multiplies waits (back-off, bake times), never
    work: it comes from LOCAL_AWS_TIME_SCALE. `clients` are the administrator's. `calls` are all that were made, but for
    those of AWS's own services.
    """

    region: str
    endpoint_url: str
    state: Path
    time_scale: float
    clients: Clients
    faults: Faults = field(default_factory=Faults)
    events: ServiceEvents = field(default_factory=ServiceEvents)
    sessions: Sessions = field(default_factory=Sessions)
    calls: Calls = field(default_factory=Calls)

    def client(self, service: str) -> Any:
        """The client of one of AWS's own services, which needs nobody's permission."""
        return self.clients.client(service, self.clients.keys.service)

    def client_of_role(self, role_arn: str | None, service: str, session_name: str = SESSION_NAME) -> Any:
        """The client with which one of AWS's services acts under a role; its own where there is no role."""
        if not role_arn:
            return self.client(service)
        return self.clients.client(service, self.sessions.of_service(role_arn, session_name))

    def client_of_caller(self, service: str) -> Any:
        """The client with which one of AWS's services does what its caller has to be allowed.

        To be asked for in the thread that answers the caller's request.
        """
        return self.client_of_session(caller.current(), service)

    def client_of_session(self, session: RoleSession | None, service: str) -> Any:
        """The client that acts as `session`, or AWS's own where the caller is the administrator."""
        return self.clients.client(service, session) if session else self.client(service)

    def credentials_of(self, role_arn: str | None, session_name: str = SESSION_NAME) -> dict[str, str]:
        """The environment variables of what one of AWS's services runs under a role: a function, a job.

        They are the administrator's where there is no role.
        """
        if not role_arn:
            return self.clients.keys.administrator.variables
        return self.sessions.of_service(role_arn, session_name).variables

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in this account and region."""
        return f"arn:aws:{service}:{self.region}:{ACCOUNT_ID}:{resource}"

"""Where the embedded services run, and how they reach each other: as any client would."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

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

ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"
ACCESS_KEY = "local"
SECRET_KEY = "local"
"""The administrator's, who may do anything."""
SERVICE_KEY = "service"
"""The access key of AWS's own services, where they act for themselves: nobody has to be allowed that."""
SESSION_NAME = "SageMaker"
"""The session of a role under which SageMaker acts."""


@cache
def _loader() -> Loader:
    """The models of all clients, read once. Not the servers' (wire.loader): clients change the paths in S3's."""
    return create_loader()


def isolated_session(region: str, key: str = ACCESS_KEY, session: RoleSession | None = None) -> Session:
    """A boto3 session that reads neither the credentials, the profile nor the config files of whoever runs it.

    It acts as the role session, or else with the access key.
    """
    nothing = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    core = botocore.session.Session(session_vars=nothing)
    core.register_component("data_loader", _loader())
    if session is None:
        core.set_credentials(key, SECRET_KEY)
    else:
        core.set_credentials(session.access_key, session.secret_key, session.token)
    return Session(botocore_session=core, region_name=region)


@dataclass(frozen=True)
class Clients:
    """boto3 clients of one endpoint, made once each. Safe to share between threads."""

    endpoint_url: str
    region: str = REGION
    _sessions: dict[str, Session] = field(default_factory=dict, repr=False)
    _made: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def client(self, service: str, key: str = ACCESS_KEY, session: RoleSession | None = None) -> Any:
        """The client of `service`, a boto3 service name. Never retries: the server is next door."""
        key = session.access_key if session else key
        named = service, key
        with self._lock:
            if key not in self._sessions:
                self._sessions[key] = isolated_session(self.region, key, session)
            if named not in self._made:
                self._made[named] = self._sessions[key].client(
                    service,  # type: ignore[call-overload]
                    endpoint_url=self.endpoint_url,
                    config=Config(
                        max_pool_connections=32,
                        retries={"total_max_attempts": 1},
                        s3={"addressing_style": "path"},
                    ),
                )
            return self._made[named]


@dataclass(frozen=True)
class Account:
    """What every embedded service needs to know.

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
        return self.clients.client(service, SERVICE_KEY)

    def client_of_role(self, role_arn: str | None, service: str, session_name: str = SESSION_NAME) -> Any:
        """The client with which one of AWS's services acts under a role; its own where there is no role."""
        if not role_arn:
            return self.client(service)
        return self.clients.client(service, session=self.sessions.of_service(role_arn, session_name))

    def client_of_caller(self, service: str) -> Any:
        """The client with which one of AWS's services does what its caller has to be allowed.

        To be asked for in the thread that answers the caller's request.
        """
        return self.client_of_session(caller.current(), service)

    def client_of_session(self, session: RoleSession | None, service: str) -> Any:
        """The client that acts as `session`, or AWS's own where the caller is the administrator."""
        return self.clients.client(service, session=session) if session else self.client(service)

    def credentials_of(self, role_arn: str | None, session_name: str = SESSION_NAME) -> dict[str, str]:
        """The environment variables of what one of AWS's services runs under a role: a function, a job.

        They are the administrator's where there is no role.
        """
        if not role_arn:
            return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
        return self.sessions.of_service(role_arn, session_name).variables

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{ACCOUNT_ID}:{resource}"

"""Where the embedded services run, and how they reach each other: as any client would."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
from boto3.session import Session
from botocore.config import Config

from local_aws.faults import Faults

ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"
ACCESS_KEY = "local"
SECRET_KEY = "local"


def isolated_session(region: str) -> Session:
    """A boto3 session that reads neither the credentials, the profile nor the config files of whoever runs it."""
    nothing = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    core = botocore.session.Session(session_vars=nothing)
    core.set_credentials(ACCESS_KEY, SECRET_KEY)
    return Session(botocore_session=core, region_name=region)


@dataclass(frozen=True)
class Clients:
    """boto3 clients of one endpoint, made once each. Safe to share between threads."""

    endpoint_url: str
    region: str = REGION
    _made: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def client(self, service: str) -> Any:
        """The client of `service`, a boto3 service name. Never retries: the server is next door."""
        with self._lock:
            if service not in self._made:
                self._made[service] = isolated_session(self.region).client(
                    service,  # type: ignore[call-overload]
                    endpoint_url=self.endpoint_url,
                    config=Config(
                        max_pool_connections=32,
                        retries={"total_max_attempts": 1},
                        s3={"addressing_style": "path"},
                    ),
                )
            return self._made[service]


@dataclass(frozen=True)
class Account:
    """What every embedded service needs to know.

    `state` is a scratch folder that goes with the server. `time_scale` multiplies waits (back-off, bake times), never
    work: it comes from LOCAL_AWS_TIME_SCALE.
    """

    region: str
    endpoint_url: str
    state: Path
    time_scale: float
    clients: Clients
    faults: Faults = field(default_factory=Faults)

    def client(self, service: str) -> Any:
        return self.clients.client(service)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{ACCOUNT_ID}:{resource}"

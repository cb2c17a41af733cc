"""The clients of the page: of AWS through boto3, of GitHub through its REST API."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import requests
from botocore.exceptions import ClientError

from local_aws.kernel.account import Clients
from local_aws.kernel.sessions import Session
from local_aws.kernel.signing.keys import AccessKey
from local_aws.kernel.signing.request_auth import Signed

_SOON = timedelta(minutes=5)
_KEPT = 1000
_SECONDS = 30
_ABSENT = frozenset({"NoSuchKey", "NoSuchBucket", "404", "AccessDenied"})


class Renewed:
    """Credentials of a session, which `make` makes again before they expire."""

    def __init__(self, make: Callable[[], AccessKey | Session]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: AccessKey | Session | None = None

    def __call__(self) -> AccessKey | Session:
        """The credentials, made again where they end within minutes."""
        with self._lock:
            if self._made is None or _ends_soon(self._made):
                self._made = self._make()
            return self._made


def _ends_soon(made: AccessKey | Session) -> bool:
    expiration = getattr(made, "expiration", None)
    return expiration is not None and expiration - _SOON <= datetime.now(UTC)


@dataclass(frozen=True)
class Aws:
    """boto3 clients of whoever the page works as. `documents` are objects in S3 that are written once."""

    clients: Clients
    credentials: Callable[[], AccessKey | Session]
    _documents: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """The boto3 client of a service."""
        return self.clients.client(service, self.credentials())

    @property
    def sagemaker(self) -> Any:
        """The client that most views ask."""
        return self.client("sagemaker")

    def document(self, uri: str) -> Any:
        """The JSON document at `s3://BUCKET/KEY`, kept once it was read; None where there is none to be read."""
        if uri not in self._documents:
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            try:
                body = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
                found = json.loads(body)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _ABSENT:
                    raise
                return None
            except ValueError:
                found = None
            self.remember(uri, found)
        return self._documents[uri]

    def remember(self, key: str, value: Any) -> None:
        """Keep what never changes under its key, and forget the oldest."""
        while len(self._documents) >= _KEPT:
            self._documents.pop(next(iter(self._documents)), None)
        self._documents[key] = value

    def remembered(self, key: str) -> Any:
        """The value that `remember` stored under the key, or None."""
        return self._documents.get(key)

    def post(self, url: str, body: Any) -> requests.Response:
        """Call an HTTP API with IAM authorisation."""
        credentials = self.credentials()
        session = credentials if isinstance(credentials, Session) else None
        with requests.Session() as http:
            http.trust_env = False
            signed = Signed(self.clients, "execute-api", session)
            return http.post(url, json=body, auth=signed, timeout=_SECONDS)


class GitHubError(Exception):
    """An error of GitHub, in one sentence. `status` is its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"GitHub answered {status}: {message}")
        self.status = status


@dataclass(frozen=True)
class GitHub:
    """The REST API at `api_url`, as whoever has the token."""

    api_url: str
    token: str = field(repr=False)

    def get(self, *path: str, **query: str | int) -> Any:
        """The answer of GET for a path of names. Raises GitHubError."""
        return self._request("GET", path, query=query)

    def post(self, *path: str, body: Mapping[str, Any]) -> Any:
        """Raises GitHubError."""
        return self._request("POST", path, body=body)

    def _request(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        url = "/".join([self.api_url, *(quote(part, safe="") for part in path)])
        with requests.Session() as http:
            http.trust_env = False
            answer = http.request(
                method,
                url,
                params=query,
                json=body,
                headers={"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"},
                timeout=_SECONDS,
            )
        if not answer.ok:
            raise GitHubError(answer.status_code, _message(answer))
        return answer.json() if answer.content else None


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason

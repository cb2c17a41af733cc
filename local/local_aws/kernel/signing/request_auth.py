"""Requests that are signed as any SDK does, for what has no client in boto3: HTTP APIs and function URLs."""

from __future__ import annotations

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from requests import PreparedRequest
from requests.auth import AuthBase

from local_aws.kernel.account import Clients
from local_aws.kernel.sessions import Session


class Signed(AuthBase):
    """The `auth` of a request of the `requests` library: it is signed for `service` by `session`, or else the administrator."""

    def __init__(self, clients: Clients, service: str, session: Session | None = None) -> None:
        key = clients.keys.administrator
        self._credentials = (
            Credentials(session.access_key, session.secret_key, session.token)
            if session
            else Credentials(key.id, key.secret)
        )
        self._region = clients.region
        self._service = service

    def __call__(self, prepared: PreparedRequest) -> PreparedRequest:
        """Sign a prepared request."""
        request = AWSRequest(prepared.method, prepared.url, data=prepared.body)
        SigV4Auth(self._credentials, self._service, self._region).add_auth(request)
        prepared.headers.update(dict(request.headers.items()))
        return prepared

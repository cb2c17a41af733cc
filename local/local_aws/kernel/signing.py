"""Requests that are signed as any SDK does, for what has no client in boto3: HTTP APIs and function URLs."""

from __future__ import annotations

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from requests import PreparedRequest
from requests.auth import AuthBase

from local_aws.kernel.account import Clients


class Signed(AuthBase):
    """The `auth` of a request of the `requests` library: it is signed for `service` by the administrator of `clients`."""

    def __init__(self, clients: Clients, service: str) -> None:
        self._clients = clients
        self._service = service

    def __call__(self, prepared: PreparedRequest) -> PreparedRequest:
        key = self._clients.keys.administrator
        request = AWSRequest(prepared.method, prepared.url, data=prepared.body)
        SigV4Auth(Credentials(key.id, key.secret), self._service, self._clients.region).add_auth(request)
        prepared.headers.update(dict(request.headers.items()))
        return prepared

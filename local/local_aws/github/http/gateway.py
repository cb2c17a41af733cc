"""All of the embedded GitHub behind one path, `/_github/`: `api` (REST), `git` (smart HTTP), `oidc` (issuer), `web` (pages)."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from local_aws.github.http.faults import ConnectionDropped
from local_aws.github.http.rest import RestApi
from local_aws.github.http.smart_http import SmartHttp
from local_aws.github.http.web_pages import WebPages
from local_aws.github.issuer import Issuer

PREFIX = "/_github"


class Gateway:
    """See `local_aws.application.Gateway`."""

    def __init__(self, rest: RestApi, git: SmartHttp, issuer: Issuer, web: WebPages) -> None:
        self._rest = rest
        self._git = git
        self._issuer = issuer
        self._web = web

    def respond(self, request: Request) -> Response | None:
        """Answer a request below `/_github/`; None for any other."""
        path = _raw_path(request)
        if not path.startswith(f"{PREFIX}/"):
            return None
        part, _, rest = path.removeprefix(f"{PREFIX}/").partition("/")
        try:
            match part:
                case "api":
                    return self._rest.respond(request, f"/{rest}")
                case "git":
                    return self._git.respond(request, rest)
                case "oidc":
                    return self._issuer.respond(request, rest)
                case "web":
                    return self._web.respond(request, rest)
        except ConnectionDropped:
            return _drop(request)
        return Response("Not Found", status=404)


def _raw_path(request: Request) -> str:
    """The path as it was sent: a decoded one does not tell a slash in a name from one between names."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI")
    return urlsplit(raw).path if raw else request.path


def _drop(request: Request) -> Response:
    """Close the connection; what is returned is never sent."""
    connection = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Response(status=500)

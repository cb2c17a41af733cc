"""A request for the page, from its address to its answer.

Whoever has the page's address may use it, so the address holds a key that `local-aws up` makes and prints: other users of the
machine do not know it. The server's admission has judged `Host`, `Origin` and `Sec-Fetch-Site` before a request comes here.
A change must beside that come from the page itself: with its token, and with the server's own `Origin`.
"""

from __future__ import annotations

import hmac
import logging
import mimetypes
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import requests
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from werkzeug.wrappers import Request, Response

from local_aws.console.clients import Aws, GitHub, GitHubError
from local_aws.console.pages import Changed, NotThereError, Page, Visit, WrongFormError
from local_aws.console.rendering import Renderer
from local_aws.console.routes import find

log = logging.getLogger(__name__)

PREFIX = "/_console"
LONGEST_FORM = 256 * 1024
"""Bytes of a form: a text of the longest kind that the API takes, many times."""
PAUSE = 1.0
"""Seconds between two looks at a page that is watched."""
_BEAT = 15
"""Looks without a change after which a comment tells whether the browser is still there."""
_KEPT_NOTICES = 50
_STATIC = Path(__file__).parent / "static"
_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # A form's Origin is "null" under stricter policies.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_STATUS = {"AccessDenied": 403, "AccessDeniedException": 403, "ResourceNotFound": 404}
_DOES_NOT_EXIST = ("does not exist", "not found", "could not find")


class Console:
    """The page, as a gateway of the server at `endpoint_url` (see `local_aws.application.Gateway`), until it is closed.

    `pause` is how often a page that is open is looked at, in seconds.
    """

    def __init__(
        self, endpoint_url: str, aws: Aws, github: GitHub | None = None, *, pause: float = PAUSE
    ) -> None:
        self._aws = aws
        self._github = github
        self._pause = pause
        self._key = secrets.token_urlsafe(18)
        self._token = secrets.token_urlsafe(24)
        self._base = f"{PREFIX}/{self._key}"
        self.address = f"{endpoint_url}{self._base}/"
        self._renderer = Renderer(self._base, self._token)
        self._notices: OrderedDict[str, str] = OrderedDict()
        self._closed = threading.Event()

    def respond(self, request: Request) -> Response | None:
        """Answer a request below `/_console/`; None for any other."""
        if not request.path.startswith(f"{PREFIX}/"):
            return None
        key, _, path = request.path.removeprefix(f"{PREFIX}/").partition("/")
        if not hmac.compare_digest(key.encode(), self._key.encode()):
            return _plain(
                403, "This page has an address of its own: the first line that `local-aws up` printed."
            )
        if path.startswith("static/"):
            return _static(path.removeprefix("static/"))
        if request.method == "POST":
            return self._change(request, path)
        if request.method not in {"GET", "HEAD"}:
            return _plain(405, f"{request.method} is no method of this page: it takes GET and POST.")
        if "live" in request.args:
            return self._stream(request, path)
        return self._show(request, path)

    def close(self) -> None:
        """End the streams of pages that are open."""
        self._closed.set()

    def _show(self, request: Request, path: str) -> Response:
        status, page = self._page(request, path)
        notice = self._notices.get(request.args.get("notice", ""), "")
        return _html(status, self._renderer.page(page, request.path, notice))

    def _page(self, request: Request, path: str) -> tuple[int, Page]:
        """The page at the path, or one that says in a sentence what is wrong."""
        try:
            view, names = find("GET", path)
            done = view(Visit(self._aws, self._github, names, request.args.to_dict()))
            assert isinstance(done, Page)
            return 200, done
        except _EXPECTED as error:
            return _failure(error)

    def _change(self, request: Request, path: str) -> Response:
        refused = self._refusal(request)
        if refused:
            return _html(403, self._renderer.page(_error(refused), request.path))
        try:
            change, names = find("POST", path)
            done = change(
                Visit(self._aws, self._github, names, request.args.to_dict(), request.form.to_dict())
            )
        except _EXPECTED as error:
            status, page = _failure(error)
            return _html(status, self._renderer.page(page, request.path))
        if isinstance(done, Page):
            return _html(200, self._renderer.page(done, request.path))
        return Response(status=303, headers={"Location": self._location_of(done), **_SECURITY})

    def _refusal(self, request: Request) -> str:
        """Why the request may change nothing, or ""."""
        origin, own = request.headers.get("Origin", ""), f"http://{request.host}"
        if origin != own:
            return f"Origin is {origin!r}; changes are taken from {own} only."
        if (request.content_length or 0) > LONGEST_FORM:
            return f"The form has {request.content_length} bytes; {LONGEST_FORM} are taken."
        if not hmac.compare_digest(request.form.get("token", "").encode(), self._token.encode()):
            return (
                "The form does not have this page's token: open the page again, and send the form from there."
            )
        return ""

    def _location_of(self, done: Changed) -> str:
        notice = secrets.token_urlsafe(9)
        self._notices[notice] = done.message
        while len(self._notices) > _KEPT_NOTICES:
            self._notices.popitem(last=False)
        return f"{self._renderer.url(*done.path)}?notice={notice}"

    def _stream(self, request: Request, path: str) -> Response:
        headers = {**_SECURITY, "X-Accel-Buffering": "no"}
        return Response(self._events(request, path), content_type="text/event-stream", headers=headers)

    def _events(self, request: Request, path: str) -> Iterator[bytes]:
        """The page's main part, whenever it has changed (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
        shown, still = "", 0
        while not self._closed.is_set():
            _, page = self._page(request, path)
            main = self._renderer.main(page, request.path)
            if main != shown:
                shown, still = main, 0
                yield "".join(
                    ["event: main\n", *(f"data: {line}\n" for line in main.split("\n")), "\n"]
                ).encode()
            elif (still := still + 1) % _BEAT == 0:
                yield b": still here\n\n"
            self._closed.wait(self._pause)


_EXPECTED = (
    BotoCoreError,
    ClientError,
    GitHubError,
    NotThereError,
    ParamValidationError,
    WrongFormError,
    requests.RequestException,
)


def _failure(error: Exception) -> tuple[int, Page]:
    match error:
        case NotThereError():
            return 404, _error(str(error))
        case WrongFormError():
            return 400, _error(str(error))
        case GitHubError():
            return error.status, _error(str(error))
        case ClientError():
            stated = error.response["Error"]
            message = str(stated.get("Message", ""))
            missing = any(words in message.lower() for words in _DOES_NOT_EXIST)
            status = _STATUS.get(stated["Code"], 404 if missing else 400)
            return status, _error(f"AWS answered {stated['Code']}: {message}")
    return 502, _error(f"{type(error).__name__}: {error}")


def _error(message: str) -> Page:
    return Page("error.html", "That did not work", message, live=False)


def _html(status: int, text: str) -> Response:
    return Response(text, status, content_type="text/html; charset=utf-8", headers=_SECURITY)


def _plain(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, content_type="text/plain; charset=utf-8", headers=_SECURITY)


def _static(name: str) -> Response:
    file = _STATIC / name
    if file.parent != _STATIC or not file.is_file():
        return _plain(404, f"There is no {name!r} here.")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(file.read_bytes(), content_type=f"{kind}; charset=utf-8", headers=_SECURITY)

"""The REST API: a request is signed in, routed, answered and shown to who watches."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from local_aws.github.credentials import Anonymous, Caller
from local_aws.github.errors import ApiError, GitError, not_found
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.faults import Faults
from local_aws.github.operations import all_routes
from local_aws.github.sign_in import caller_of
from local_aws.github.state import State

_VERSION = "2022-11-28"


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, as they went over the wire; bodies are parsed, None where there is none."""

    method: str
    path: str
    query: Mapping[str, str]
    request_body: Any
    status: int
    headers: Mapping[str, str]
    response_body: Any


class RestApi:
    """`on_exchange` is told of every exchange but those that faults made or cut off."""

    def __init__(
        self, state: State, faults: Faults, on_exchange: Callable[[Exchange], object] | None = None
    ) -> None:
        self._state = state
        self._faults = faults
        self._on_exchange = on_exchange
        self._routes = all_routes()

    def respond(self, request: Request, path: str) -> Response:
        """`path` is below the base URL, undecoded. Raises ConnectionDropped where a fault wants it."""
        incoming, faults = self._faults.arrived(request.method, path)
        body = request.get_data()
        try:
            for fault in faults:
                fault.before(incoming)
        except ApiError as error:
            headers = self._headers(Anonymous()) | error.headers
            return _response(Answer(error.status, error.body(), headers))
        answer = self._answer(request, path, body)
        self._observe(request, path, body, answer)
        for fault in faults:
            fault.after(incoming)
        return _response(answer)

    def _answer(self, request: Request, path: str, body: bytes) -> Answer:
        caller: Caller = Anonymous()
        with self._state.lock:
            try:
                caller = caller_of(self._state, request.headers.get("Authorization", ""))
                answer = self._operate(request, path, body, caller)
                if self._state.actions is not None and request.method != "GET":
                    self._state.actions.observe(caller)
            except ApiError as error:
                answer = Answer(error.status, error.body(), error.headers)
            except GitError as error:
                answer = Answer(500, ApiError(500, f"Server Error: {error}").body())
            return Answer(answer.status, answer.body, self._headers(caller) | dict(answer.headers))

    def _operate(self, request: Request, path: str, body: bytes, caller: Caller) -> Answer:
        if not request.headers.get("User-Agent"):
            raise ApiError(
                403,
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
            )
        if path != "/rate_limit":
            self._state.rate_limits.spend(caller)
        path = self._by_name(path)
        match = self._routes.match(request.method, path)
        if match is None:
            raise not_found()
        route, parameters = match
        call = Call(
            self._state, caller, request.method, path, parameters, request.args.to_dict(), _parsed(body)
        )
        return route.operation(call)

    def _by_name(self, path: str) -> str:
        """The path by owner and name of one by id, `/repositories/ID/...`, to which renamed repositories redirect."""
        parts = path.split("/", 3)
        if len(parts) < 3 or parts[1] != "repositories" or not parts[2].isdecimal():
            return path
        found = self._state.repositories.get(int(parts[2]))
        if found is None:
            raise not_found()
        return "/".join(["/repos", found.full_name, *parts[3:]])

    def _headers(self, caller: Caller) -> dict[str, str]:
        return {
            "X-GitHub-Request-Id": ":".join(secrets.token_hex(2).upper() for _ in range(5)),
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Api-Version-Selected": _VERSION,
            **self._state.rate_limits.of(caller).headers(),
        }

    def _observe(self, request: Request, path: str, body: bytes, answer: Answer) -> None:
        if self._on_exchange is None:
            return
        try:
            sent = json.loads(body) if body else None
        except ValueError:
            sent = body
        query = request.args.to_dict()
        self._on_exchange(
            Exchange(request.method, path, query, sent, answer.status, answer.headers, answer.body)
        )


def _parsed(body: bytes) -> Mapping[str, Any]:
    """The request's body. Raises 400."""
    if not body:
        return {}
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise ApiError(400, "Problems parsing JSON") from error
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise ApiError(400, "Body should be a JSON object")
    return parsed


def _response(answer: Answer) -> Response:
    if answer.body is None:
        return Response(status=answer.status, headers=dict(answer.headers))
    text = json.dumps(answer.body)
    kind = "application/json; charset=utf-8"
    return Response(text, status=answer.status, headers=dict(answer.headers), content_type=kind)

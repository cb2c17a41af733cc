"""The URLs that the functions of custom resources send their answers to.

On AWS a ResponseURL is a presigned address in S3. Here it is a path of this server, which takes any body with any content
type once, and leaves no bucket behind.
"""

from __future__ import annotations

import threading

from werkzeug.wrappers import Request, Response

from local_aws.kernel.account import Account

PATH = "/_cloudformation/answers/"


class ResponseUrls:
    """A gateway: `PUT /_cloudformation/answers/ID`, for as long as somebody waits for that answer."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._expected: dict[str, bytes | None] = {}

    def expect(self, request_id: str) -> str:
        """Begin to wait for an answer; returns the URL to put it at."""
        with self._lock:
            self._expected[request_id] = None
        return f"{self._account.endpoint_url}{PATH}{request_id}"

    def get(self, request_id: str) -> bytes | None:
        """The answer, or None as long as there is none."""
        with self._lock:
            return self._expected.get(request_id)

    def forget(self, request_id: str) -> None:
        """Stop waiting; an answer that still comes is refused."""
        with self._lock:
            self._expected.pop(request_id, None)

    def respond(self, request: Request) -> Response | None:
        """Take the answer of a custom resource's function; None for another path."""
        if not request.path.startswith(PATH):
            return None
        request_id = request.path.removeprefix(PATH)
        with self._lock:
            if request.method != "PUT" or request_id not in self._expected:
                return Response(
                    "Nobody waits for this answer: the address is wrong or has expired.", status=403
                )
            self._expected[request_id] = request.get_data()
        return Response(status=200)

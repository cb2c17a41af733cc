"""The answer to CloudFormation: made to fit, sent once, and tried again where it does not arrive.

See "Custom resource response objects" in the CloudFormation User Guide: 4,096 bytes at most, put to the request's
pre-signed URL without a content type. That URL lets anyone answer, so it is in no log and no message.
"""

from __future__ import annotations

import http.client
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

LIMIT_BYTES = 4096
PAUSES = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each attempt to deliver an answer."""

TIMEOUT_SECONDS = 5.0

_log = logging.getLogger("pour")


class AnswerNotDeliveredError(Exception):
    """CloudFormation's address does not take the answer: Lambda tries the whole request again."""


@dataclass(frozen=True)
class Answer:
    """`reason` is for FAILED. `data` are the resource's attributes."""

    status: str
    physical_id: str
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def body(self, event: Mapping[str, Any]) -> bytes:
        """The answer as CloudFormation takes it: too long a reason loses its end."""
        content: dict[str, Any] = {
            "Status": self.status,
            "PhysicalResourceId": self.physical_id,
            "StackId": event.get("StackId", ""),
            "RequestId": event.get("RequestId", ""),
            "LogicalResourceId": event.get("LogicalResourceId", ""),
            "Reason": self.reason or "See the function's log.",
        }
        if self.data:
            content["Data"] = dict(self.data)
        reason = content["Reason"]
        while len(encoded := json.dumps(content).encode()) >= LIMIT_BYTES and reason:
            # An escaped character is twelve bytes at most; most are fewer, so it is cut until it fits.
            reason = reason[: -max(1, (len(encoded) - LIMIT_BYTES) // 12)]
            content["Reason"] = reason + "..."
        return encoded


class Reply:
    """The answer to one request. It is sent once: by the work, or by the timer if the time is over first."""

    def __init__(self, event: Mapping[str, Any], sleep: Callable[[float], None] = time.sleep) -> None:
        self._event = event
        self._sleep = sleep
        self._lock = threading.Lock()
        self._sent = False

    def send(self, answer: Answer) -> bool:
        """Whether this was the answer. Raises AnswerNotDeliveredError."""
        with self._lock:
            if self._sent:
                return False
            self._send(answer.body(self._event))
            self._sent = True
        _log.info("answered %s %s: %s", answer.status, answer.physical_id, answer.reason)
        return True

    def _send(self, body: bytes) -> None:
        problem = ""
        for pause in PAUSES:
            if pause:
                self._sleep(pause)
            try:
                status = _put(self._event["ResponseURL"], body)
            except (OSError, http.client.HTTPException) as error:
                problem = type(error).__name__
                continue
            if status < 300:
                return
            problem = str(status)
        raise AnswerNotDeliveredError(f"CloudFormation does not take the answer: {problem}.")


def _put(url: str, body: bytes) -> int:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("PUT", path, body, {"Content-Type": "", "Content-Length": str(len(body))})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()

"""A container that goes wrong on purpose: runs in place of the model server where the model asks for it.

A model whose container has the environment variable LOCAL_AWS_FAULT gets this server, so that a test (or a model
package) can bring every failure that a real model can:

    never-ready   /ping is never answered
    answers-500   every invocation is answered by HTTP 500
    hangs         no invocation is ever answered
    slow:MS       every invocation takes so many milliseconds longer
    dies          the process ends at the tenth invocation, and at every tenth one after it was restarted
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import re

from local_aws.hosting.instances.model_server import (
    Answer,
    App,
    Classifier,
    Message,
    Receive,
    Send,
    application,
    arguments,
    log_to_stdout,
    respond,
    serve,
)

log = logging.getLogger(__name__)

VARIABLE = "LOCAL_AWS_FAULT"
FAULTS = ("never-ready", "answers-500", "hangs", "dies")
_SLOW = re.compile(r"slow:(\d+)")
INVOCATIONS_BEFORE_EXIT = 10


def faulty(fault: str, healthy: App) -> App:
    """The application `healthy` with `fault`. Raises ValueError for one that is unknown."""
    slow = _SLOW.fullmatch(fault)
    delay = int(slow[1]) / 1000 if slow else 0.0
    if slow is None and fault not in FAULTS:
        raise ValueError(f"{VARIABLE} is {fault!r}; the faults are {', '.join(FAULTS)} and slow:MS")
    invocations = itertools.count(1)

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        asked = "ping" if scope["path"] == "/ping" else "invocation"
        match fault, asked:
            case ("never-ready", _) | ("hangs", "invocation"):
                await asyncio.Event().wait()
            case "answers-500", "invocation":
                await respond(send, Answer(500, "text/plain", b"Internal Server Error"))
                return
            case _, "invocation" if slow:
                await asyncio.sleep(delay)
            case "dies", "invocation" if next(invocations) == INVOCATIONS_BEFORE_EXIT:
                os._exit(1)
        await healthy(scope, receive, send)

    return app


def main() -> None:
    """Run a model server with the fault that the environment names."""
    fault = os.environ[VARIABLE]
    log_to_stdout()
    log.info("serving with the fault %s", fault)
    stated = arguments()
    classifier = Classifier(stated.model / "model.bin")
    serve(faulty(fault, application(classifier.invoke)), stated.socket)


if __name__ == "__main__":
    main()

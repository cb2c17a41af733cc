"""The Lambda function behind Custom::GitHubRepository and Custom::GitHubContents.

Whatever happens CloudFormation gets an answer, with the reason: a failure of any kind is caught and told, and a watch over
the function's time answers shortly before it is stopped. A function that is killed outright gives none; Lambda then
hands it the same event again, and every step looks first at what the last attempt left.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from aws import aws_client
from github import Deadline, SignIn
from github.errors import GitHubError
from github.function import Context, Function, start_log
from pour import contents
from pour.cloudformation import stacks
from pour.cloudformation.answer import Answer, AnswerNotDeliveredError, Reply
from pour.cloudformation.request import (
    REPOSITORY,
    CustomResourceRequest,
    contents_properties,
    parse,
    repository_properties,
)
from pour.cloudformation.watchdog import RESERVE_SECONDS, Watchdog
from pour.contents import ContentsResource
from pour.errors import PourError
from pour.repository import NOT_CREATED, RepositoryResource

_log = logging.getLogger("pour")


def handle(event: Mapping[str, Any], context: Context) -> None:
    """Lambda's handler. Raises AnswerNotDeliveredError only: then nobody was told, and Lambda tries again."""
    start_log()
    # CloudFormation and S3 may take longer to answer than what the other functions call.
    Pour(os.environ, partial(aws_client, read_timeout=30)).handle(event, context)


class Pour(Function):
    """Does what a custom resource asks for, and answers CloudFormation."""

    def handle(self, event: Mapping[str, Any], context: Context) -> None:
        """Do what the event asks, and answer. Raises AnswerNotDeliveredError."""
        reply = Reply(event, self._clock.sleep)
        deadline = Deadline(context.get_remaining_time_in_millis, RESERVE_SECONDS)
        signs_in = partial(self._sign_in, deadline)
        work = _Work(event, signs_in, self._client)

        def bark() -> None:
            deadline.cancel()
            reason = (
                f"The function's time was over before {work.doing} was done. What is done is kept, and trying again goes on"
                " from there."
            )
            try:
                reply.send(Answer("FAILED", work.physical_id, reason))
            except AnswerNotDeliveredError as error:
                _log.error("%s", error)

        with Watchdog(context.get_remaining_time_in_millis(), bark):
            answer = work.answer()
        reply.send(answer)


class _Work:
    """One request, from event to answer. `physical_id` and `doing` can be read meanwhile, by the watch."""

    def __init__(
        self,
        event: Mapping[str, Any],
        sign_in: Callable[[], SignIn],
        client: Callable[[str], Any],
    ) -> None:
        self._event = event
        self._sign_in = sign_in
        self._client = client
        self._repository: RepositoryResource | None = None
        self._physical_id = str(
            event.get("PhysicalResourceId") or f"{NOT_CREATED}/{event.get('RequestId', '')}"
        )
        self.doing = f"{event.get('RequestType')} of {event.get('LogicalResourceId')}"

    @property
    def physical_id(self) -> str:
        return self._repository.physical_id if self._repository else self._physical_id

    def answer(self) -> Answer:
        """Never raises an Exception: a failure is an answer."""
        try:
            data = self._do(parse(self._event))
        except (PourError, GitHubError) as error:
            return self._failed(str(error), error)
        except (ClientError, BotoCoreError) as error:
            return self._failed(f"AWS refused what {self.doing} needs: {error}", error)
        except Exception as error:
            reason = f"{self.doing} failed unexpectedly ({type(error).__name__}). The function's log has the place."
            return self._failed(reason, error)
        return Answer("SUCCESS", self.physical_id, data=data)

    def _failed(self, reason: str, error: Exception) -> Answer:
        # Where, but not the values there: those of somebody else's exception can hold anything.
        frames, trace = [], error.__traceback__
        while trace is not None:
            frames.append(f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}")
            trace = trace.tb_next
        _log.error("%s failed with %s at %s", self.doing, type(error).__name__, " > ".join(frames))
        return Answer("FAILED", self.physical_id, reason)

    def _do(self, request: CustomResourceRequest) -> Mapping[str, str]:
        if request.kind == REPOSITORY:
            return self._do_repository(request)
        return self._do_contents(request)

    def _do_repository(self, request: CustomResourceRequest) -> Mapping[str, str]:
        if request.type == "Delete" and request.physical_id.startswith(NOT_CREATED):
            return {}  # whatever made Create fail, credentials and properties included, is no matter any more
        properties = repository_properties(request.properties)
        resource = RepositoryResource(self._sign_in(), request.stack_id, request.logical_id)
        self._repository = resource
        match request.type:
            case "Create":
                return resource.create(properties)
            case "Update":
                return resource.update(request.physical_id, repository_properties(request.old), properties)
            case _:
                resource.delete(request.physical_id, properties)
                return {}

    def _do_contents(self, request: CustomResourceRequest) -> Mapping[str, str]:
        if request.type == "Delete":
            if request.properties.get("GuardStacks") == "true":
                stacks.refuse_while_live(
                    self._client("cloudformation"),
                    str(request.properties.get("ProjectName", "")),
                    str(request.properties.get("ProjectId", "")),
                )
            return {}
        properties = contents_properties(request.properties)
        if request.type == "Create":
            self._physical_id = contents.physical_id(properties)
        resource = ContentsResource(self._sign_in(), self._client("s3"))
        if request.type == "Create":
            return resource.create(properties)
        return resource.update(contents_properties(request.old), properties)

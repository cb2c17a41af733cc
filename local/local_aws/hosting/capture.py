"""Data capture: what an endpoint was asked and what it answered, as JSON lines in S3.

    s3://bucket/prefix/<endpoint>/<variant>/yyyy/mm/dd/hh/<uuid>.jsonl

Records wait in memory for a moment and are written together, in a thread of their own: an invocation never waits for S3.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import base64
import json
import logging
import queue
import random
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.containers.s3_data import Location
from local_aws.kernel.account import Account

log = logging.getLogger(__name__)

FLUSH_SECONDS = 60.0
"""The seconds for which records are collected before a write. LOCAL_AWS_TIME_SCALE shrinks it."""
SHORTEST_FLUSH_SECONDS = 0.2
BATCH_RECORDS = 1_000

_MODES = {"Input": "endpointInput", "Output": "endpointOutput"}


@dataclass(frozen=True)
class Payload:
    """A body with its content type."""

    content_type: str
    body: bytes


@dataclass(frozen=True)
class Record:
    """One invocation that is captured, where to, and the role of the variant's model, which writes it there."""

    config: Mapping[str, Any]
    endpoint: str
    variant: str
    role_arn: str
    request: Payload
    response: Payload
    inference_id: str | None
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def folder(self) -> str:
        """The URI that the record's file lies below: by endpoint, variant and hour."""
        prefix = self.config["DestinationS3Uri"].rstrip("/")
        return f"{prefix}/{self.endpoint}/{self.variant}/{self.moment:%Y/%m/%d/%H}"

    def line(self) -> str:
        """The record as one line of JSON."""
        modes = {option["CaptureMode"] for option in self.config["CaptureOptions"]}
        if "InputAndOutput" in modes:
            modes |= set(_MODES)
        payloads = {"Input": self.request, "Output": self.response}
        metadata = {
            "eventId": str(uuid.uuid4()),
            **({"inferenceId": self.inference_id} if self.inference_id else {}),
            "inferenceTime": f"{self.moment:%Y-%m-%dT%H:%M:%SZ}",
        }
        captured = {
            member: self._captured(mode, payloads[mode]) for mode, member in _MODES.items() if mode in modes
        }
        return json.dumps({"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"})

    def _captured(self, mode: str, payload: Payload) -> dict[str, str]:
        encoding = self._encoding(payload.content_type)
        if encoding == "BASE64":
            data = base64.b64encode(payload.body).decode()
        else:
            data = payload.body.decode("utf-8", "replace")
        return {
            "observedContentType": payload.content_type,
            "mode": mode.upper(),
            "data": data,
            "encoding": encoding,
        }

    def _encoding(self, content_type: str) -> str:
        stated = self.config.get("CaptureContentTypeHeader", {})
        kind = content_type.partition(";")[0].strip().lower()
        if kind in map(str.lower, stated.get("JsonContentTypes", ())):
            return "JSON"
        return "CSV" if kind in map(str.lower, stated.get("CsvContentTypes", ())) else "BASE64"


def is_sampled(config: Mapping[str, Any]) -> bool:
    """Whether one invocation is among the InitialSamplingPercentage, drawn by lot."""
    percentage: int = config["InitialSamplingPercentage"]
    return random.random() * 100 < percentage


class Captures:
    """The writer of all endpoints' records, until it is closed."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._pause = max(FLUSH_SECONDS * account.time_scale, SHORTEST_FLUSH_SECONDS)
        self._records: queue.SimpleQueue[Record] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def put(self, record: Record) -> None:
        """Queue a record for the next file."""
        self._records.put(record)

    def close(self) -> None:
        """Write what is left."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(self._pause):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        files: dict[tuple[str, str | None, str], list[str]] = {}
        while not self._records.empty():
            record = self._records.get()
            key = record.folder, record.config.get("KmsKeyId"), record.role_arn
            lines = files.setdefault(key, [])
            lines.append(record.line())
            if len(lines) == BATCH_RECORDS:
                self._write(*key, files.pop(key))
        for (folder, key_id, role_arn), lines in files.items():
            self._write(folder, key_id, role_arn, lines)

    def _write(self, folder: str, key_id: str | None, role_arn: str, lines: list[str]) -> None:
        place = Location.parse(folder).under(f"{uuid.uuid4()}.jsonl")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}
        body = "".join(f"{line}\n" for line in lines).encode()
        try:
            s3 = self._account.client_of_role(role_arn, "s3")
            s3.put_object(Bucket=place.bucket, Key=place.key, Body=body, **encryption)
        except (ClientError, BotoCoreError):
            log.warning(
                "%d captured invocations could not be written to %s", len(lines), place, exc_info=True
            )

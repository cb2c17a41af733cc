"""The same model served in each way, in one run: requests a second and p99 of endpoints, lines a second of a batch."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.deployable import Deployable, deployable
from bench.load import TEXTS
from bench.table import Row

CLIENTS = 4
_BODY = json.dumps({"instances": TEXTS}).encode()
_LINE = json.dumps({"source": TEXTS[0]}) + "\n"
_JSON, _LINES = "application/json", "application/jsonlines"
_INSTANCES = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
_WAYS: dict[str, dict[str, Any]] = {
    "realtime": _INSTANCES,
    "serverless": {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 20}},
    "asynchronous": _INSTANCES,
}
_LEAST_SHARE = {"serverless": 0.5, "asynchronous": 0.05}
"""Of the real-time endpoint's requests a second. An asynchronous answer is written to S3, and looked for there."""
_TIMES_ENDPOINT = 2
"""How many times as many lines a second as the real-time endpoint, asked text by text, a batch has to take."""

Ask = Callable[[], None]


def rows(quick: bool = False) -> list[Row]:
    """A row for each other way to serve, next to the real-time endpoint."""
    requests = 200 if quick else 2_000
    with tempfile.TemporaryDirectory() as folder, deployable(Path(folder)) as made:
        _create_model(made)
        for way in _WAYS:
            _create_endpoint(made, way)
        seconds = {
            way: _asked(ask, requests // 10 if way == "asynchronous" else requests)
            for way, ask in _asks(made).items()
        }
        single = _asked(_invocation(made, "realtime", _LINES, _LINE.encode()), requests)
        lines = _batch(made, requests * 10)
    peer = seconds["realtime"]
    return [
        *(_row(way, seconds[way], peer) for way in _LEAST_SHARE),
        Row(
            name=f"batch transform of {requests * 10:,} lines, next to one request for each of them",
            ours=f"{lines:,.0f} lines/s",
            theirs=f"{_rate(single):,.0f} lines/s",
            ratio=f"{lines / _rate(single):.1f}",
            target=f"at least {_TIMES_ENDPOINT} times",
            passed=lines >= _TIMES_ENDPOINT * _rate(single),
        ),
    ]


Measured = tuple[float, list[float]]
"""The seconds that all took, and those of each request."""


def _row(way: str, measured: Measured, peer: Measured) -> Row:
    rate, theirs = _rate(measured), _rate(peer)
    least = _LEAST_SHARE[way]
    return Row(
        name=f"{way}, {CLIENTS} clients: requests of {len(TEXTS)} texts and p99, next to realtime",
        ours=f"{rate:,.0f}/s, {_p99(measured) * 1000:.1f} ms",
        theirs=f"{theirs:,.0f}/s, {_p99(peer) * 1000:.1f} ms",
        ratio=f"{rate / theirs:.2f}",
        target=f"at least {least:g} times",
        passed=rate >= least * theirs,
    )


def _rate(measured: Measured) -> float:
    return len(measured[1]) / measured[0]


def _p99(measured: Measured) -> float:
    return sorted(measured[1])[math.ceil(0.99 * len(measured[1])) - 1]


def _asked(ask: Ask, requests: int) -> Measured:
    """`requests` of all clients together, none of which pauses, after a few to connect."""
    for _ in range(CLIENTS):
        ask()

    def timed(_: int) -> float:
        started = time.perf_counter()
        ask()
        return time.perf_counter() - started

    with ThreadPoolExecutor(CLIENTS) as pool:
        started = time.perf_counter()
        found = list(pool.map(timed, range(requests)))
        return time.perf_counter() - started, found


def _asks(made: Deployable) -> dict[str, Ask]:
    return {
        "realtime": _invocation(made, "realtime", _JSON, _BODY),
        "serverless": _invocation(made, "serverless", _JSON, _BODY),
        "asynchronous": _asynchronous(made),
    }


def _invocation(made: Deployable, way: str, kind: str, body: bytes) -> Ask:
    runtime = made.client("sagemaker-runtime")

    def ask() -> None:
        runtime.invoke_endpoint(EndpointName=f"bench-{way}", ContentType=kind, Accept=kind, Body=body)[
            "Body"
        ].read()

    return ask


def _asynchronous(made: Deployable) -> Ask:
    runtime, s3 = made.client("sagemaker-runtime"), made.client("s3")

    def ask() -> None:
        given = runtime.invoke_endpoint_async(
            EndpointName="bench-asynchronous", ContentType=_JSON, Body=_BODY
        )
        bucket, _, key = given["OutputLocation"].removeprefix("s3://").partition("/")
        while not s3.list_objects_v2(Bucket=bucket, Prefix=key).get("KeyCount"):
            time.sleep(0.005)

    return ask


def _create_model(made: Deployable) -> None:
    arn = made.register("served")
    package = made.client("sagemaker").describe_model_package(ModelPackageName=arn)
    container = package["InferenceSpecification"]["Containers"][0]
    made.client("sagemaker").create_model(
        ModelName="bench",
        ExecutionRoleArn=made.project.endpoint_role_arn,
        PrimaryContainer={"Image": container["Image"], "ModelDataUrl": container["ModelDataUrl"]},
    )


def _create_endpoint(made: Deployable, way: str) -> None:
    sagemaker, name = made.client("sagemaker"), f"bench-{way}"
    output = {"OutputConfig": {"S3OutputPath": f"s3://{made.project.bucket}/answers/"}}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[{"VariantName": "all", "ModelName": "bench", **_WAYS[way]}],
        **({"AsyncInferenceConfig": output} if way == "asynchronous" else {}),
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})


def _batch(made: Deployable, lines: int) -> float:
    """Lines a second of a batch transform, from the start of its container to its end."""
    sagemaker, bucket = made.client("sagemaker"), made.project.bucket
    made.client("s3").put_object(Bucket=bucket, Key="batch/lines.jsonl", Body=(_LINE * lines).encode())
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/batch/"}}
    sagemaker.create_transform_job(
        TransformJobName="bench",
        ModelName="bench",
        BatchStrategy="MultiRecord",
        MaxPayloadInMB=1,
        TransformInput={"DataSource": source, "ContentType": _LINES, "SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"s3://{bucket}/batched/", "Accept": _LINES, "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    sagemaker.get_waiter("transform_job_completed_or_stopped").wait(
        TransformJobName="bench", WaiterConfig={"Delay": 1}
    )
    job = sagemaker.describe_transform_job(TransformJobName="bench")
    if job["TransformJobStatus"] != "Completed":
        raise RuntimeError(
            f"the transform job ended: {job['TransformJobStatus']}, {job.get('FailureReason')}"
        )
    return float(lines / (job["TransformEndTime"] - job["TransformStartTime"]).total_seconds())

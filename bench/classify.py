"""The classification API's handler: what its import costs a cold start, and what it adds to the endpoint's own answer."""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import sys
import zipfile
from pathlib import Path

from bench.deployable import PRODUCTION, Deployable, contract_files
from bench.load import TEXTS
from bench.table import Row
from model_deploy.core import archive

IMPORT_SECONDS = 0.05
ADDED_MILLISECONDS = 2

_IMPORT = """
import sys, time
import boto3
started = time.perf_counter()
import handler
print(time.perf_counter() - started)
"""

# The same texts through the handler and straight to the endpoint, in turns, by clients made alike. The handler's log
# goes to stdout, ours to stderr.
_ANSWERS = """
import json, os, statistics, sys, time
import handler

texts, times = json.loads(sys.argv[1]), int(sys.argv[2])
event = {
    "rawPath": "/classify",
    "requestContext": {"requestId": "r", "http": {"method": "POST"}},
    "body": json.dumps({"texts": texts}),
}
client, endpoint = handler._classifier()._client, os.environ["ENDPOINT_NAME"]
lines = [handler._CONTRACT.tokens(text) for text in texts]
body = json.dumps({"instances": lines, "configuration": {"k": 1}}).encode()

def through():
    assert handler.handle(event, None)["statusCode"] == 200

def straight():
    client.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=body)["Body"].read()

seconds = {through: [], straight: []}
for number in range(times + 20):
    for ask in seconds:
        started = time.perf_counter()
        ask()
        if number >= 20:
            seconds[ask].append(time.perf_counter() - started)
print(json.dumps([statistics.median(each) for each in seconds.values()]), file=sys.stderr)
"""


def rows(deployable: Deployable, folder: Path, quick: bool) -> list[Row]:
    """Of the archive that a rollout uploads, unpacked into `folder`; production serves a model."""
    unpacked = folder / "function"
    content = archive.build(deployable.root / "api", contract_files()).content
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        zipped.extractall(unpacked)
    variables = deployable.variables() | {
        "ENDPOINT_NAME": deployable.endpoint(PRODUCTION),
        # As in the archive: no compiled scripts, neither found nor left behind.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return [
        _import(unpacked, variables, 3 if quick else 9),
        _answers(unpacked, variables, 100 if quick else 1000),
    ]


def _import(unpacked: Path, variables: dict[str, str], runs: int) -> Row:
    seconds = statistics.median(
        float(_run(_IMPORT, [], unpacked, variables).stdout.splitlines()[-1]) for _ in range(runs)
    )
    return Row(
        name="import of the API's handler, beyond boto3",
        ours=f"{seconds * 1000:.0f} ms",
        theirs="",
        ratio="",
        target=f"at most {IMPORT_SECONDS * 1000:.0f} ms",
        passed=seconds <= IMPORT_SECONDS,
    )


def _answers(unpacked: Path, variables: dict[str, str], times: int) -> Row:
    told = _run(_ANSWERS, [json.dumps(TEXTS), str(times)], unpacked, variables).stderr.splitlines()[-1]
    through, straight = (seconds * 1000 for seconds in json.loads(told))
    return Row(
        name="an answer of the API's handler, next to the endpoint's own, at the median",
        ours=f"{through:.2f} ms",
        theirs=f"{straight:.2f} ms",
        ratio=f"{through / straight:.2f}",
        target=f"at most {ADDED_MILLISECONDS} ms more",
        passed=through - straight <= ADDED_MILLISECONDS,
    )


def _run(
    script: str, arguments: list[str], unpacked: Path, variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, cwd=unpacked, env=variables, capture_output=True, text=True, check=True)

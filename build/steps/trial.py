"""The Trial step: serves the candidate from a temporary endpoint, asks it, and deletes it.

The endpoint has to answer texts of the holdout as the candidate did in Evaluate, through the same contract. The times of its
answers, and whether they are equal, enter the gate's decision. Writes `evaluation/evaluation.json`: that of Evaluate with
the part `trial` and the decision after it. A candidate that the gate had refused before gets no endpoint. Status 1 means
that there is no result, and the reason is the job's message.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config as ClientConfig

import failure
from evaluation import gate
from failure import StepError
from prediction import contract
from trials import asking, endpoint, expected
from trials.asking import Served
from trials.endpoint import Request

NONE = "none"
DELETING_SECONDS = 900
"""How long the deletion of an endpoint may be waited for, which SageMaker refuses while it is created."""
_ROOT = Path("/opt/ml/processing")
_JOB = Path("/opt/ml/config/processingjobconfig.json")
_SHOWN = 20
_INVOCATION_SECONDS = 70
"""SageMaker gives a container 60 s to answer."""


@dataclass(frozen=True)
class Config:
    """trial.json: what the recipe says of the trial."""

    kind: str
    instance_type: str | None
    memory_mb: int | None
    tolerance: float
    max_p99_milliseconds: float | None
    max_wait_seconds: int

    @classmethod
    def load(cls, path: Path) -> Config:
        """Raises StepError when the file is missing or incomplete."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise StepError(
                f"{path} is not a configuration of this step ({type(error).__name__}: {error}). "
                "`model-build run` writes it from the recipe."
            ) from error


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the step's command line. The defaults are the folders of a processing job."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    inputs = _ROOT / "input"
    parser.add_argument("--config", type=Path, default=inputs / "code" / "trial.json")
    parser.add_argument("--evaluation", type=Path, default=inputs / "evaluation", help="what Evaluate wrote")
    parser.add_argument("--answers", type=Path, default=inputs / "answers", help="what Evaluate answered")
    parser.add_argument("--contract", type=Path, default=inputs / "contract", help="the candidate's contract")
    parser.add_argument(
        "--contract-sha256",
        required=True,
        help="the hash of that folder, where Evaluate chose no thresholds",
    )
    parser.add_argument("--job", type=Path, default=_JOB, help="SageMaker's description of this job")
    parser.add_argument("--prefix", required=True, help="what the names of the project's trials begin with")
    parser.add_argument("--role", required=True, help="the role of the model")
    parser.add_argument("--image", required=True, help="the image that serves the model")
    parser.add_argument("--model", required=True, help="the artifact's URI")
    parser.add_argument("--environment", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--tag", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--force-reason", default=NONE, help="why a refused candidate passes all the same")
    parser.add_argument("--output", type=Path, default=_ROOT / "output")
    parser.add_argument(
        "--message", type=Path, default=failure.MESSAGE_FILE, help="where the reason of a failure goes"
    )
    return parser.parse_args(argv)


def trial(options: argparse.Namespace, sagemaker: Any, runtime: Any) -> None:
    """Serve, ask, delete, decide, write. Raises StepError when there is no result."""
    config = Config.load(options.config)
    document = _evaluation(options.evaluation)
    decision = gate.Decision(**document["gate"])
    found = None
    if decision.passed:
        request = _request(options, config)
        served, found = _tried(options, config, document, request, sagemaker, runtime)
        figures = gate.Trial(
            served.texts, len(served.differences), served.percentile(0.99), config.max_p99_milliseconds
        )
        decision = gate.after_trial(decision, figures)
        if options.force_reason.strip() not in ("", NONE):
            decision = gate.forced(decision, options.force_reason)
    else:
        print("The gate has refused the candidate already: no endpoint is made.")
    folder = options.output / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        {**document, "trial": found, "gate": asdict(decision)}, indent=2, ensure_ascii=False, allow_nan=False
    )
    (folder / "evaluation.json").write_text(text + "\n", encoding="utf-8")
    print(f"Gate {'passed' if decision.passed else 'refused'}: {decision.reason}")


def _tried(
    options: argparse.Namespace,
    config: Config,
    document: dict[str, Any],
    request: Request,
    sagemaker: Any,
    runtime: Any,
) -> tuple[Served, dict[str, Any]]:
    """What the endpoint answered, and the part `trial` of evaluation.json."""
    chosen = document["candidate"].get("contract", {}).get("sha256")
    terms = contract.load(options.contract, chosen or options.contract_sha256, "candidate")
    wanted = expected.load(options.answers)
    project = request.tags.get("sagemaker:project-name", "")
    for name in endpoint.sweep(sagemaker, request.prefix, project):
        print(f"Deleted the trial {name}, which an earlier job had left.")
    endpoint.clear(sagemaker, request.name, DELETING_SECONDS)
    began = time.monotonic()
    with _endpoint(sagemaker, request):
        ready = endpoint.wait_until_in_service(sagemaker, request)
        print(f"The trial endpoint {request.name} is in service after {ready:.0f} s.")
        served = asking.ask(runtime, request.name, terms, wanted, config.tolerance)
    seconds = time.monotonic() - began
    return served, {
        "endpoint": request.name,
        "kind": request.kind,
        "instance_type": request.instance_type,
        "memory_mb": request.memory_mb,
        "texts": served.texts,
        "differing": len(served.differences),
        "differences": [asdict(each) for each in served.differences[:_SHOWN]],
        "tolerance": config.tolerance,
        "p50_milliseconds": served.percentile(0.5),
        "p99_milliseconds": served.percentile(0.99),
        "first_milliseconds": served.first,
        "max_p99_milliseconds": config.max_p99_milliseconds,
        "ready_seconds": round(ready, 1),
        "seconds": round(seconds, 1),
        "busy_seconds": round(sum(served.milliseconds) / 1000, 3),
    }


@contextmanager
def _endpoint(sagemaker: Any, request: Request) -> Iterator[None]:
    """The endpoint exists within the block, and is deleted after it, also where the job is stopped.

    Raises StepError if it cannot be deleted.
    """
    lifetime = request.max_wait_seconds + asking.SECONDS + DELETING_SECONDS
    failed = None
    try:
        endpoint.create(sagemaker, request, lifetime)
        yield
    except StepError as error:
        failed = error
    finally:
        with _unstoppable():
            deleted = endpoint.delete(sagemaker, request.name, DELETING_SECONDS)
    left = (
        ""
        if deleted
        else f"The endpoint {request.name} could not be deleted, because SageMaker is still creating it: `model-build clean "
        "--trials` deletes it later, and so does the next trial."
    )
    if failed is not None:
        raise StepError(f"{failed} {left or 'It was deleted.'}") from failed
    if left:
        raise StepError(left)


@contextmanager
def _unstoppable() -> Iterator[None]:
    """A second SIGTERM does not end the block; SageMaker kills the job two minutes after the first."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _request(options: argparse.Namespace, config: Config) -> Request:
    return Request(
        prefix=options.prefix,
        execution=_execution(options.job),
        role=options.role,
        image=options.image,
        model=options.model,
        environment=_pairs(options.environment),
        tags=_pairs(options.tag),
        kind=config.kind,
        instance_type=config.instance_type,
        memory_mb=config.memory_mb,
        max_wait_seconds=config.max_wait_seconds,
    )


def _execution(path: Path) -> str:
    """The id of the pipeline's execution. It is in the job's name: as an argument it would defeat the step cache."""
    try:
        name = str(json.loads(path.read_text(encoding="utf-8"))["ProcessingJobName"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StepError(f"{path} does not name the job ({type(error).__name__}: {error}).") from error
    found = re.match(r"pipelines-([a-z0-9]+)-", name)
    if found is None:
        raise StepError(
            f"The job is called {name}; expected pipelines-EXECUTION-...: a pipeline runs this step."
        )
    return found[1]


def _evaluation(folder: Path) -> dict[str, Any]:
    path = folder / "evaluation.json"
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StepError(f"{path} is not what Evaluate writes ({type(error).__name__}: {error}).") from error
    return document


def _pairs(given: Sequence[str]) -> dict[str, str]:
    return dict(each.split("=", 1) for each in given)


def _end(number: int, frame: Any) -> None:
    # No Exception: those are caught on the way, and the endpoint would be asked on.
    raise SystemExit(128 + number)


if __name__ == "__main__":
    options = arguments()
    signal.signal(signal.SIGTERM, _end)
    with failure.reported(options.message):
        asked_once = ClientConfig(
            read_timeout=_INVOCATION_SECONDS, retries={"mode": "standard", "total_max_attempts": 1}
        )
        trial(options, boto3.client("sagemaker"), boto3.client("sagemaker-runtime", config=asked_once))

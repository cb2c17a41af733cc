"""A box to classify a text: it is sent to a stage's API, as a client would send it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.console.clients import Aws
from local_aws.console.pages import NotThereError, Page, Visit, WrongFormError
from local_aws.console.views.stages import api_url

STAGES = 50
TEXTS = 20
"""Lines that are sent at a time."""


@dataclass(frozen=True)
class Score:
    """A label's score, in percent."""

    label: str
    percent: float


@dataclass(frozen=True)
class Prediction:
    """The API's answer for one text. `label` is "" if the model knows no word of it, and `note` says so."""

    text: str
    label: str
    percent: float | None
    note: str
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class ClassifyView:
    """The stages that can be asked, what was asked, and what was answered; `problem` is why there is no answer."""

    endpoints: tuple[str, ...]
    chosen: str
    text: str = ""
    predictions: tuple[Prediction, ...] = ()
    problem: str = ""


def form(visit: Visit) -> Page:
    """The empty box, with the stages that can be asked."""
    endpoints = _endpoints(visit.aws)
    chosen = visit.query.get("endpoint", "")
    if chosen not in endpoints:
        chosen = endpoints[0] if endpoints else ""
    return Page("classify.html", "Classify", ClassifyView(endpoints, chosen), live=False)


def classify(visit: Visit) -> Page:
    """Send the lines of the text to the API of the chosen endpoint. Raises WrongFormError, NotThereError."""
    endpoints, chosen, text = (
        _endpoints(visit.aws),
        visit.form.get("endpoint", ""),
        visit.form.get("text", ""),
    )
    texts = [line.strip() for line in text.splitlines() if line.strip()]
    if not texts:
        raise WrongFormError("There is no text: write one in the box, or several, each on a line of its own.")
    if len(texts) > TEXTS:
        raise WrongFormError(f"There are {len(texts)} lines; the page sends {TEXTS} at a time.")
    url = api_url(visit.aws, chosen) if chosen in endpoints else ""
    if not url:
        raise NotThereError(f"The endpoint {chosen!r} has no API to ask.")
    answer = visit.aws.post(url, {"texts": texts})
    found, problem = answered(answer.status_code, _json(answer))
    return Page(
        "classify.html", "Classify", ClassifyView(endpoints, chosen, text, found, problem), live=False
    )


def answered(status: int, body: Any) -> tuple[tuple[Prediction, ...], str]:
    """The predictions of an answer of the API, or what it says instead."""
    if status == 200 and isinstance(body, Mapping) and isinstance(body.get("predictions"), list):
        return tuple(map(prediction, body["predictions"])), ""
    error = body.get("error") if isinstance(body, Mapping) else None
    said = error.get("message") if isinstance(error, Mapping) else None
    said = said or (body.get("message") or body.get("Message") if isinstance(body, Mapping) else None)
    return (), f"The API answered {status}: {said or 'nothing that can be read'}"


def prediction(stated: Mapping[str, Any]) -> Prediction:
    """One entry of `predictions`; see deploy/api/handler.py."""
    confidence = stated.get("confidence")
    scores = stated.get("scores") or {}
    return Prediction(
        text=str(stated.get("text", "")),
        label=", ".join(stated.get("labels") or []) or str(stated.get("label") or ""),
        percent=None if confidence is None else confidence * 100,
        note=str(stated.get("note", "")),
        scores=tuple(Score(label, score * 100) for label, score in scores.items()),
    )


def _endpoints(aws: Aws) -> tuple[str, ...]:
    """Those in service whose stack has an API."""
    listed = aws.sagemaker.list_endpoints(MaxResults=STAGES, StatusEquals="InService", SortBy="Name")
    names = sorted(each["EndpointName"] for each in listed["Endpoints"])
    return tuple(name for name in names if api_url(aws, name))


def _json(answer: Any) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None

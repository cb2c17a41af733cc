"""The steps' documents that the report reads: evaluation.json of Evaluate and prepare.json of Prepare.

Unknown keys are ignored, so that the report also reads the documents of a later version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from model_build.errors import CommandError


class Document(BaseModel):
    """A part of a document; frozen, with unknown keys ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def read(cls, document: Mapping[str, Any], origin: str) -> Self:
        """Parse a document called `origin`. Raises CommandError if a key that the report needs is missing."""
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise CommandError(
                f"{origin} cannot be reported: {where}: {first['msg']}. It was written by another version of the "
                "steps; report it with the version that it was run with."
            ) from error


class ClassFigures(Document):
    """The figures of one label on the holdout."""

    precision: float
    recall: float
    f1: float
    support: int
    roc_auc: float | None = None
    average_precision: float | None = None


class Bin(Document):
    """Texts of about the same confidence: its mean, the share that was right, how many."""

    confidence: float
    accuracy: float
    count: int


class Mistake(Document):
    """A text of the holdout with a wrong answer, and how sure the model was of it."""

    text: str
    labels: tuple[str, ...]
    given: tuple[str, ...]
    confidence: float


class Figures(Document):
    """The figures of one model; empty if it could not be evaluated."""

    labels: tuple[str, ...] = ()
    metrics: dict[str, float]
    per_class: dict[str, ClassFigures]
    confusion_matrix: tuple[tuple[int, ...], ...] | None
    calibration: tuple[Bin, ...]
    precision_recall: dict[str, tuple[tuple[float, float], ...]] = {}
    empty_texts: int = 0
    mistakes: tuple[Mistake, ...] = ()


class Champion(Figures):
    """The champion's figures, and the ARN of its model package."""

    arn: str


class Interval(Document):
    """The bootstrap interval of the candidate's metric of the gate."""

    metric: str
    interval: tuple[float, float]
    confidence: float
    samples: int


class Comparison(Document):
    """The gate's metric, candidate minus champion, and its bootstrap interval."""

    metric: str
    difference: float
    interval: tuple[float, float]
    confidence: float
    samples: int


class Defaults(Figures):
    """The figures of the model with the recipe's own hyperparameters, and the candidate's difference to it."""

    comparison: Comparison | None = None


class Best(Document):
    """The settings that reached the best objective."""

    objective: float
    hyperparameters: dict[str, str]


class Search(Document):
    """The search for hyperparameters. `seconds` is the time of its training jobs together."""

    strategy: str
    objective: str
    jobs: int
    failed: int
    seconds: float
    best: Best | None


class Difference(Document):
    """A text that the trial endpoint answered otherwise than Evaluate, and how."""

    text: str
    what: str


class Trial(Document):
    """The figures of the trial endpoint. `seconds` is how long it was there, `busy_seconds` how long it answered."""

    kind: str
    instance_type: str | None
    memory_mb: int | None
    texts: int
    differing: int
    differences: tuple[Difference, ...]
    p50_milliseconds: float
    p99_milliseconds: float
    first_milliseconds: float
    max_p99_milliseconds: float | None
    ready_seconds: float
    seconds: float
    busy_seconds: float

    @property
    def machine(self) -> str:
        """What it ran on."""
        return self.instance_type or f"{self.memory_mb} MB"


class Gate(Document):
    """The gate's decision, and the figures that it compared."""

    passed: bool
    forced: bool
    reason: str
    metric: str
    candidate: float
    champion: float | None
    minimum: float
    max_regression: float


class Holdout(Document):
    """The size of the holdout, and its rows per label."""

    rows: int
    labels: dict[str, int]


class Evaluation(Document):
    """evaluation.json"""

    recipe: str
    labels: tuple[str, ...]
    multi_label: bool
    holdout: Holdout
    candidate: Figures
    champion: Champion | None
    comparison: Comparison | None
    interval: Interval | None = None
    defaults: Defaults | None = None
    trial: Trial | None = None
    gate: Gate


class Dropped(Document):
    """The rows that were dropped for one reason: their count, and the numbers of the first ones."""

    count: int
    first_rows: tuple[int, ...] = ()


class Split(Document):
    """The rows of one split, and its rows per label."""

    rows: int
    labels: dict[str, int]


class Rebalanced(Document):
    """How many training examples each label had, and kept."""

    method: str
    before: dict[str, int]
    after: dict[str, int]


class Preparation(Document):
    """prepare.json"""

    rows: int
    used: int
    dropped: dict[str, Dropped]
    splits: dict[str, Split]
    rebalanced: Rebalanced | None = None

"""A recipe: everything there is to say about one problem. Code says how, `recipes/*.yaml` says what.

`Recipe.load` parses and checks a file; `prepare_config`, `evaluate_config` and `contract` are the plain data that it
hands to the steps and to the model's users. Nothing here touches AWS.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from model_build.errors import RecipeError
from model_build.recipe.data import Data
from model_build.recipe.labels import Labels
from model_build.recipe.retrain import Retrain
from model_build.recipe.training import (
    BlazingText,
    FolderName,
    InstanceType,
    OptionName,
    OptionValue,
    Scripted,
    Training,
    VolumeGb,
)
from model_build.recipe.trial import Trial
from model_build.recipe.tuning import Tune
from model_common.configuration import Part, Share, describe, frozen, load, matching, problem, refusal

_LONGEST_DESCRIPTION = 1024
"""Source: CreateModelPackage, ModelPackageDescription."""

_LONGEST_LABELS = 2500
"""Source: CreateTrainingJob, the value of a hyperparameter."""

CONTRACT_VERSION = 2
BEST_F1 = "best_f1"

# PROJECT-pr-7-NAME is the pipeline of a pull request, PROJECT-merged-NAME that of merged ones, PROJECT-NAME the project's
# own: they must not be the same.
RecipeName = Annotated[
    str,
    matching(
        r"(?!pr-|merged-)[a-z0-9](-*[a-z0-9]){0,62}",
        "up to 63 lower-case letters, digits and dashes between them, not beginning with pr- or merged-",
    ),
]
Duration = Annotated[
    str,
    matching(
        r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?",
        "an ISO 8601 duration, such as P30D or PT12H",
    ),
]


def _one_line(value: str) -> str:
    """A description as SageMaker's registry takes it, in one line. Raises a problem for what it refuses."""
    line = " ".join(value.split())
    unfit = [character for character in line if unicodedata.category(character).startswith("C")]
    if unfit:
        words = f"found {unfit[0]!a}, which the registry does not store. Allowed: letters, digits, marks and spaces"
        raise problem("", words)
    if len(line) > _LONGEST_DESCRIPTION:
        words = f"has {len(line)} characters. Allowed: {_LONGEST_DESCRIPTION} at most, as the registry stores them"
        raise problem("", words)
    return line


Metric = Literal[
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "micro_f1",
    "precision_at_1",
    "precision_at_3",
    "precision_at_5",
    "mean_roc_auc",
    "mean_average_precision",
]


class TextRules(Part):
    """How text becomes tokens, in preparation and in serving alike; `steps/text_rules.py` carries them out.

    Marks become tokens (`split`), stay part of their words (`keep`) or go (`remove`); with `emoticons: keep` smiling and
    frowning ones are a token each, whatever becomes of other marks; with `spaced` also those whose marks stand apart.
    """

    lowercase: bool = True
    strip_html: bool = True
    punctuation: Literal["split", "keep", "remove"] = "split"
    emoticons: Literal["keep", "spaced"] | None = None
    collapse_digits: bool = False
    max_tokens: Annotated[int, Field(ge=1)] = 500

    @model_validator(mode="before")
    @classmethod
    def _punctuation_has_three_ways(cls, value: Any) -> Any:
        if isinstance(value, dict) and "split_punctuation" in value:
            raise problem(
                "split_punctuation",
                "is now called punctuation. Allowed: split (for true), keep (for false), remove",
            )
        return value


class Split(Part):
    """The shares of the three splits; a text's hash decides where it goes, and another `seed` decides otherwise.

    With `ordered` the place of a row decides: the first rows are for training, the last for the test.
    """

    ordered: bool = False
    seed: Annotated[int, Field(ge=0)] = 0
    train: Annotated[float, Field(gt=0, lt=1)] = 0.8
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    test: Annotated[float, Field(gt=0, lt=1)] = 0.1

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise problem(
                "", f"train, validation and test add up to {total:g}. Allowed: shares that add up to 1"
            )
        return self


class Preparation(Part):
    """How Prepare works: on one machine with the standard library, or on any number with Spark. The rows are the same.

    With `script` a file of the team's own prepares, `scripts/NAME.py` beside the recipes, called with the `arguments`.
    """

    engine: Literal["stdlib", "spark"] = "stdlib"
    script: FolderName | None = None
    arguments: Mapping[OptionName, OptionValue] = {}

    @model_validator(mode="after")
    def _a_script_is_alone(self) -> Self:
        if self.script is None and self.arguments:
            raise problem("arguments", "they are those of prepare.script; leave the key out")
        if self.script is not None and self.engine != "stdlib":
            raise problem("engine", "prepare.script prepares in place of an engine; leave the key out")
        taken = sorted({"config", "data", "output"} & set(self.arguments))
        if taken:
            raise problem(f"arguments.{taken[0]}", "the script is told that by the step; leave the key out")
        return self


class Processing(Part):
    """The processing jobs, Prepare and Evaluate. Several instances are for Prepare with Spark; Evaluate has one."""

    instance_type: InstanceType = "ml.m5.large"
    instance_count: Annotated[int, Field(ge=1, le=100)] = 1
    volume_gb: VolumeGb = 30
    max_runtime_seconds: Annotated[int, Field(ge=1, le=777600)] = 3600


class Evaluation(Part):
    """How the candidate is measured.

    `threshold` is the probability from which a multi-label model says yes. With `best_f1` Evaluate chooses one for each
    label, on the validation split, and stores it in the contract.
    """

    threshold: Literal["best_f1"] | Annotated[float, Field(gt=0, lt=1)] = 0.5
    bootstrap_samples: Annotated[int, Field(ge=100, le=100_000)] = 1000
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95

    @property
    def chooses_thresholds(self) -> bool:
        """Whether Evaluate chooses the thresholds."""
        return self.threshold == BEST_F1


class GateRule(Part):
    """The candidate passes when it reaches `minimum` and loses at most `max_regression` to the champion."""

    metric: Metric = "macro_f1"
    minimum: Share = Field(description="the least value of the metric that may be registered, 0 to 1")
    max_regression: Share = 0.0


class Registration(Part):
    """Where the registered model may run."""

    inference_instances: Annotated[tuple[InstanceType, ...], Field(min_length=1)] = ("ml.m5.large",)
    transform_instances: Annotated[tuple[InstanceType, ...], Field(min_length=1)] = ("ml.m5.large",)


class Caching(Part):
    """How long a step's result may be reused, as an ISO 8601 duration."""

    expire_after: Duration = "P30D"


class Recipe(Part):
    """One problem, from raw data to registration."""

    name: RecipeName = Field(description="the name of the recipe")
    problem: RecipeName | None = None
    description: Annotated[str, AfterValidator(_one_line)] = ""
    data: Data = Field(description="where the text and the label are in the raw file")
    labels: Labels = Field(description="the label names and how raw values become them")
    text_rules: TextRules = TextRules()
    split: Split = Split()
    rebalance: Literal["none", "undersample", "oversample"] = "none"
    prepare: Preparation = Preparation()
    training: Training = BlazingText()
    tune: Tune | None = None
    processing: Processing = Processing()
    evaluation: Evaluation = Evaluation()
    gate: GateRule = Field(description="the least that a model must reach to be registered")
    registration: Registration = Registration()
    trial: Trial | None = None
    caching: Caching = Caching()
    retrain: Retrain = Retrain()

    @classmethod
    def load(cls, path: Path) -> Recipe:
        """Read and check a recipe file.

        Raises RecipeError with one line per problem: the key, what was found, what is allowed.
        """
        document = load(path, "recipe", RecipeError, f"A recipe needs: {', '.join(cls.model_fields)}.")
        return cls.parse(document, origin=path)

    @classmethod
    def parse(cls, document: dict[str, Any], origin: Path) -> Recipe:
        """Check an already parsed recipe; `origin` names it in messages and is where `names_file` is looked up.

        Raises RecipeError, as `load` does.
        """
        try:
            return cls.model_validate(frozen(document), context={"folder": origin.parent})
        except ValidationError as error:
            raise RecipeError(refusal(origin, describe(error, cls))) from error

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        columns, separator = isinstance(self.data.label, tuple), self.data.label_separator is not None
        compares = self.labels.compares
        if (columns or separator) and not self.labels.multi and not compares:
            raise problem(
                "labels.multi", "a list of label columns, or data.label_separator, needs multi: true"
            )
        if columns and separator:
            raise problem("data.label_separator", "label columns hold 0 or 1 and no list; leave the key out")
        self._rules_compare_what_there_is()
        if self.data.files is not None and self.split.ordered:
            raise problem("split.ordered", "data.files says which file is for which split; leave the key out")
        self._the_metric_is_measured()
        self._the_labels_can_be_told()
        if self.tune is not None:
            self.tune.check(self.training)
        if self.trial is not None:
            self.trial.check(self.training, self.registration.inference_instances)
        if self.processing.instance_count > 1 and self.prepare.engine != "spark":
            raise problem(
                "processing.instance_count",
                f"found {self.processing.instance_count}. Allowed without prepare.engine: spark: 1",
            )
        if self.evaluation.chooses_thresholds and not self.labels.multi:
            raise problem("evaluation.threshold", "found best_f1. It needs labels.multi: true")
        if self.labels.multi and self.rebalance != "none":
            raise problem("rebalance", f"found {self.rebalance!r}. Allowed with labels.multi: true: none")
        return self

    def _the_metric_is_measured(self) -> None:
        if self.gate.metric == "balanced_accuracy" and self.labels.multi:
            raise problem("gate.metric", "found balanced_accuracy. It needs one label per text")
        _, at, count = self.gate.metric.partition("precision_at_")
        if at and not (self.labels.multi and int(count) <= len(self.labels.names)):
            raise problem(
                "gate.metric",
                f"found {self.gate.metric}. It needs labels.multi: true and at least {count} labels",
            )

    def _the_labels_can_be_told(self) -> None:
        """Raises when train.py of a script could not be told the labels, which are one hyperparameter."""
        told = len(" ".join(self.labels.names))
        if isinstance(self.training, Scripted) and told > _LONGEST_LABELS:
            raise problem(
                "labels.names",
                f"together they have {told} characters. Allowed with {self.training.algorithm}: {_LONGEST_LABELS}, the longest "
                "hyperparameter. Give them shorter names and map those by labels.rules, or train with blazingtext",
            )

    def _rules_compare_what_there_is(self) -> None:
        """Raises when a label rule compares what is no number of the row."""
        if self.data.label_items and not self.labels.compares:
            raise problem("data.label_items", "no label rule compares the items; leave the key out")
        for index, rule in enumerate(self.labels.rules):
            unknown = [name for name in rule.compared if name not in self.data.numbers]
            if unknown:
                allowed = ", ".join(self.data.numbers) or "none"
                raise problem(
                    f"labels.rules[{index}]",
                    f"compares {', '.join(unknown)}. Allowed: {allowed} (data.label_items, or a list in data.label)",
                )

    @property
    def problem_name(self) -> str:
        """The problem that the recipe is a way to solve: its own name unless stated."""
        return self.problem or self.name

    @property
    def sha256(self) -> str:
        """The hash of the recipe's meaning: comments, order of keys, stated defaults and the schedule do not change it."""
        # A recipe without a trial keeps the hash that it had before there were any.
        without_meaning = {"retrain"} if self.trial is not None else {"retrain", "trial"}
        canonical = json.dumps(
            self.model_dump(mode="json", exclude=without_meaning),
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=True,
        )
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()

    def prepare_config(self) -> dict[str, Any]:
        """The content of prepare.json, the configuration of `steps/prepare.py`."""
        data = self.data.model_dump(mode="json")
        tabs = self.data.format == "tsv"
        data["delimiter"] = self.data.delimiter or ("\t" if tabs else ",")
        data["quoted"] = not tabs if self.data.quoted is None else self.data.quoted
        return {
            "recipe": self.name,
            "data": data,
            "labels": {
                **self.labels.model_dump(mode="json"),
                "numbers": list(self.data.numbers) if self.labels.compares else [],
            },
            "text_rules": self.text_rules.model_dump(mode="json"),
            "split": self.split.model_dump(mode="json"),
            "rebalance": self.rebalance,
            "engine": self.prepare.engine,
            **self._prepare_script(),
        }

    def _prepare_script(self) -> dict[str, Any]:
        """Of the team's own script, where there is one: equal recipes without one keep their cache."""
        own = self.prepare
        return {} if own.script is None else {"script": own.script, "arguments": dict(own.arguments)}

    def evaluate_config(self) -> dict[str, Any]:
        """The content of evaluate.json, the configuration of `steps/evaluate.py`."""
        return {
            "recipe": self.name,
            "gate": self.gate.model_dump(mode="json"),
            "labels": list(self.labels.names),
            "multi_label": self.labels.multi,
            "bootstrap_samples": self.evaluation.bootstrap_samples,
            "confidence": self.evaluation.confidence,
            "seed": 0,
            "none": self.labels.none,
            "threshold": self.evaluation.threshold,
            **({} if self.trial is None else {"trial_texts": self.trial.texts}),
        }

    def trial_config(self) -> dict[str, Any]:
        """What `steps/trial.py` reads as trial.json."""
        assert self.trial is not None  # only a recipe with a trial has the step
        return self.trial.model_dump(mode="json", exclude={"texts"})

    def contract(self) -> dict[str, Any]:
        """The serving contract: how a text becomes a request to the model, and the model's answer label names."""
        return {
            "version": CONTRACT_VERSION,
            "recipe": self.name,
            "labels": list(self.labels.names),
            "multi_label": self.labels.multi,
            "thresholds": self._thresholds(),
            "text_rules": self.text_rules.model_dump(mode="json"),
            "serving": self.training.serving.model_dump(mode="json"),
        }

    def _thresholds(self) -> dict[str, float] | None:
        """Those of the contract that training starts with; Evaluate replaces them where it chooses."""
        if not self.labels.multi:
            return None
        threshold = self.evaluation.threshold
        return dict.fromkeys(self.labels.names, 0.5 if isinstance(threshold, str) else threshold)

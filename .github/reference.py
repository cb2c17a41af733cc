"""Writes docs/recipe-keys.md and docs/stage-keys.md from the models that check recipes and stages.

Run it after a change of a model: .venv/bin/python .github/reference.py. A test says when the pages are not current.
What a key is for is its description in the model, else the model's own docstring, else `PURPOSES` here.
"""

from __future__ import annotations

import collections.abc
import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from model_build.recipe.recipe import Recipe
from model_common.configuration.part import Matching
from model_deploy.stage.stage import Stage

DOCS = Path(__file__).parents[1] / "docs"
_SIMPLE = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "nothing"}
_SIGNS = {Ge: "at least", Gt: "more than", Le: "at most", Lt: "less than"}

PURPOSES = {
    "description": "what the registry shows of the model",
    "problem": "the problem that the recipe solves; its own name unless stated",
    "data.encoding": "the encoding of the file; UTF-8 unless stated",
    "data.escape": "the mark that takes the meaning from the one behind it",
    "data.missing": "words that mean that a cell is empty",
    "data.max_lines_per_row": "the most lines of one row; a longer one is a quote that was never closed",
    "data.sentences": "whether every sentence of a text is an example",
    "data.files.train": "the pattern of the names of training files",
    "data.files.validation": "the pattern of the names of validation files",
    "data.files.test": "the pattern of the names of test files",
    "data.label_items": "the names of the items of the label, for rules that compare them",
    "labels.rules[].drop": "why rows that the rule takes are left out",
    "labels.rules[].majority": "the part that has to be more than half of the whole: [part, all]",
    "labels.rules[].minority": "the part that has to be less than half of the whole: [part, all]",
    "labels.rules[].compare": "a comparison of columns or items, such as up > down",
    "text_rules.punctuation": "whether marks become tokens, stay part of words, or go",
    "text_rules.emoticons": "whether emoticons are a token each",
    "split.ordered": "whether the place of a row decides, in place of the text's hash",
    "split.seed": "another number splits otherwise",
    "data.header": "whether the first row names the columns",
    "data.columns": "the names of the columns where there is no header",
    "data.delimiter": "what stands between fields; a comma for csv, a tab for tsv unless stated",
    "data.quoted": "whether fields may stand in double quotes; true for csv, false for tsv unless stated",
    "data.text": "the column that holds the text, or several, which are joined",
    "data.label": "the column that holds the label, or one column for each label",
    "data.label_separator": "what stands between several labels of one text",
    "data.require": "columns that must not be empty for a row to be used",
    "data.max_dropped_share": "the share of rows that may be unusable; above it the run fails",
    "labels.multi": "whether a text may have several labels, or none",
    "labels.names_file": "a file with one label a line, in place of names",
    "labels.none": "the raw value that means that a text has no label",
    "labels.rules": "how raw values become labels: by value or by range",
    "labels.rules[].name": "the label that the values become",
    "labels.rules[].values": "raw values, compared as text",
    "labels.rules[].min": "the least number that becomes the label",
    "labels.rules[].max": "the greatest number that becomes the label",
    "text_rules.lowercase": "whether letters become small",
    "text_rules.strip_html": "whether tags are taken out and entities resolved",
    "text_rules.collapse_digits": "whether every digit becomes 0, so that numbers are alike",
    "text_rules.max_tokens": "how many tokens of a text count; the rest is left out",
    "split.train": "the share that the model learns from",
    "split.validation": "the share that training measures itself by",
    "split.test": "the share that is the holdout: the gate measures by it",
    "tune.strategy": "how settings are chosen",
    "tune.objective": "the figure on the validation split that decides; the algorithm's own unless stated",
    "tune.jobs": "how many settings are tried; a grid tries all",
    "tune.parallel": "how many training jobs run at once",
    "tune.seed": "another number tries other settings",
    "tune.ranges.min": "the least number that is tried",
    "tune.ranges.max": "the greatest number that is tried",
    "tune.ranges.scale": "with log small numbers are tried as often as large ones",
    "tune.ranges.values": "the values that are tried, in place of min and max",
    "prepare.script": "the name of a file in scripts/ that prepares in place of an engine",
    "prepare.arguments": "what that script is called with",
    "api.policy.never": "labels that are blocked for every audience",
    "prepare.engine": "what prepares: the standard library on one machine, or Spark on any number",
    "rebalance": "whether the training split is cut to equally many texts a label",
    "processing.instance_count": "how many machines prepare; more than one needs Spark",
    "evaluation.threshold": "the probability from which a multi-label model says yes",
    "evaluation.bootstrap_samples": "how often the holdout is drawn again for intervals",
    "evaluation.confidence": "how wide the intervals are",
    "gate.metric": "what candidate and champion are compared by",
    "gate.max_regression": "how much worse than the champion a candidate may be",
    "registration.inference_instances": "the instance types that the model may serve on",
    "registration.transform_instances": "the instance types that a batch may run on",
    "trial.kind": "whether the temporary endpoint has an instance, or is serverless",
    "trial.instance_type": "the machine of a realtime endpoint",
    "trial.memory_mb": "the memory of a serverless endpoint",
    "trial.texts": "how many texts of the holdout it is asked for",
    "trial.tolerance": "how much a probability may differ from that of Evaluate",
    "trial.max_p99_milliseconds": "the time in which 99% of the answers have to come; no limit unless stated",
    "trial.max_wait_seconds": "how long the endpoint may take until it is in service",
    "caching.expire_after": "how long a step's result may be used again",
    "training": "the algorithm, what it is told, and its job",
    "training.instance_type": "the machine that trains",
    "training.fallback_instance_types": "the machines that are tried in this order where there are none of that type",
    "training.volume_gb": "the disk of that machine, in GB",
    "training.max_runtime_seconds": "the time after which the training is stopped",
    "training.hyperparameters": "the options of the algorithm",
    "training.serving": "how the served model is asked",
    "training.serving.request.texts": "the key of the list of texts in a request",
    "training.serving.request.count": "the key of how many labels are wanted",
    "training.serving.line.text": "the key of the text in a line of a batch",
    "training.serving.line.count": "the key of how many labels are wanted in a line",
    "training.serving.answer.labels": "the key of the list of labels in an answer",
    "training.serving.answer.scores": "the key of the list of their probabilities",
    "training.serving.answer.prefix": "what stands before each label in an answer",
    "processing.instance_type": "the machine that prepares and evaluates",
    "processing.volume_gb": "the disk of that machine, in GB",
    "processing.max_runtime_seconds": "the time after which a job is stopped",
    "training.algorithm": "what trains the model",
    "training.folder": "the folder of algorithms/ with train.py and inference.py",
    "training.hyperparameters.mode": "text classification",
    "training.hyperparameters.buckets": "hash buckets of word n-grams",
    "training.hyperparameters.early_stopping": "whether training stops when validation gets no better",
    "training.hyperparameters.epochs": "passes over the training split",
    "training.hyperparameters.learning_rate": "the step size",
    "training.hyperparameters.min_count": "how often a word must occur to count",
    "training.hyperparameters.min_epochs": "passes before early stopping may stop",
    "training.hyperparameters.patience": "passes without improvement before early stopping stops",
    "training.hyperparameters.vector_dim": "the length of a word's vector",
    "training.hyperparameters.word_ngrams": "the longest run of words that counts as one feature",
    "training.pretrained.package": "a Python package that carries the model, and its version",
    "training.pretrained.hub": "a name on the Hugging Face hub, and the commit",
    "training.pretrained.archive": "an archive in S3",
    "training.spot": "whether to train on spot capacity, with checkpoints from which an interrupted job resumes",
    "training.max_wait_seconds": "how long waiting for spot capacity and training may take together",
    "training.hyperparameters.warmup": "the share of the steps in which the rate rises; then it falls to 0",
    "training.hyperparameters.weight_decay": "how strongly weights are drawn to 0",
    "training.hyperparameters.batch_size": "texts in a batch, on each GPU",
    "training.hyperparameters.accumulate": "batches whose gradients make one step",
    "training.hyperparameters.max_length": "the word pieces of a text that count; the rest is cut off",
    "training.hyperparameters.max_texts": "how many texts to train on, drawn by the seed; 0: all",
    "training.hyperparameters.threads": "cores to use without a GPU; 0: all",
    "training.hyperparameters.seed": "another number draws otherwise",
    "name": "the stage; the file's name",
    "endpoint.instance_type": "the machine, where the kind is not serverless",
    "endpoint.instance_count": "how many machines; with scaling, how many a new endpoint begins with",
    "endpoint.memory_mb": "the memory of a serverless endpoint",
    "endpoint.max_concurrency": "the most requests that a serverless endpoint answers at a time",
    "endpoint.provisioned_concurrency": "how many of them stay warm",
    "endpoint.notify_success": "the SNS topic that is told of each answer of an asynchronous endpoint; its name begins with the project's",
    "endpoint.notify_failure": "the SNS topic that is told of each failure",
    "rollout.strategy": "how traffic moves to the new model",
    "rollout.size_percent": "the share of the first step, or of each",
    "rollout.bake_seconds": "how long alarms are watched after each step",
    "rollout.termination_wait_seconds": "how long the old instances stay afterwards",
    "alarms.invocation_5xx_percent": "the share of requests that fail from which the alarm rings",
    "alarms.invocation_4xx_percent": "the share of requests that are refused from which it rings",
    "alarms.latency_p99_ms": "the 99th percentile of the model's latency from which it rings",
    "alarms.contract_failures": "how many failed cases of checks/ in a period ring the alarm",
    "alarms.period_seconds": "the length of a period",
    "alarms.evaluation_periods": "how many periods in a row ring the alarm",
    "alarms.rollback": "whether an alarm takes an update back",
    "alarms.notify": "SNS topics that are told",
    "scaling.invocations_per_instance": "the requests a minute for each instance that are aimed at",
    "scaling.backlog_per_instance": "the waiting requests for each instance that are aimed at",
    "scaling.provisioned_utilization_percent": "the use of warm capacity that is aimed at",
    "scaling.scale_in_cooldown_seconds": "the least time between two steps down",
    "scaling.scale_out_cooldown_seconds": "the least time between two steps up",
    "capture.sampling_percent": "the share of requests that is kept",
    "kms_key": "the key of the instances' volumes",
    "network.isolation": "whether containers reach nothing",
    "network.subnets": "the VPC's subnets that containers run in",
    "network.security_groups": "the security groups of their network interfaces",
    "tags": "tags of every resource of the stage",
    "api.auth": "who may call: signed requests, tokens, or everybody",
    "api.requests_per_second": "the steady rate that is let through",
    "api.burst": "how many requests may come at once",
    "api.concurrency": "how many requests a function URL answers at a time; in a second it takes ten times as many",
    "api.log_retention_days": "how long the API's logs are kept",
    "production_gate": "who lets models into production",
}


def page(title: str, model: type[BaseModel], introduction: str) -> str:
    """The Markdown page of a configuration file's keys."""
    rows = ["| key | type | default | allowed | what for |", "| --- | --- | --- | --- | --- |"]
    rows += [f"| {' | '.join(cells)} |" for cells in _rows(model, "")]
    return f"# {title}\n\n{introduction}\n\n" + "\n".join(rows) + "\n"


def pages() -> dict[Path, str]:
    """Every page by its path."""
    made = "Made from the models by `.github/reference.py`; do not edit."
    recipes = (
        f"All keys of `recipes/*.yaml`. A key that is not here is refused, with the closest one named. {made}"
    )
    stages = f"All keys of `stages/*.yaml`. Keys that do not fit each other are refused by name. {made}"
    return {
        DOCS / "recipe-keys.md": page("Keys of a recipe", Recipe, recipes),
        DOCS / "stage-keys.md": page("Keys of a stage", Stage, stages),
    }


def _rows(model: type[BaseModel], prefix: str, note: str = "") -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        models = list(_models(field.annotation))
        listed = "[]" if models and get_origin(field.annotation) is tuple else ""
        default = _default(field, models)
        yield (
            f"`{key}`{note}",
            _type(field.annotation),
            default,
            _escaped("; ".join(dict.fromkeys(_limits(field)))) or "",
            _escaped(_purpose(key, field, models)),
        )
        for each in models:
            which = f" ({_tag(each)})" if len(models) > 1 else ""
            yield from _rows(each, f"{key}{listed}.", note or which)


def _purpose(key: str, field: FieldInfo, models: list[type[BaseModel]]) -> str:
    if field.description:
        return field.description
    if key in PURPOSES:
        return PURPOSES[key]
    documented = models[0].__doc__ if len(models) == 1 else None
    return inspect.cleandoc(documented).split("\n\n")[0].replace("\n", " ").rstrip(".") if documented else ""


def _default(field: FieldInfo, models: list[type[BaseModel]]) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if models and value not in (None, ()):
        return "its keys' own"
    match value:
        case None | () | {} | "":
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case tuple():
            return f"`[{', '.join(map(str, value))}]`"
        case _:
            return f"`{value}`"


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin in (Union, types.UnionType):
        stated = [_type(each) for each in arguments if each is not type(None)]
        return " or ".join(dict.fromkeys(stated))
    if origin is Literal:
        return "choice"
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin in (dict, collections.abc.Mapping):
        return f"{_type(arguments[0])} to {_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys"
    return _SIMPLE[annotation]


def _limits(field: FieldInfo) -> Iterator[str]:
    yield from _stated(field.metadata)
    yield from _limits_within(field.annotation)


def _limits_within(annotation: Any) -> Iterator[str]:
    arguments = get_args(annotation)
    if get_origin(annotation) is Literal:
        yield ", ".join(f"`{each}`" for each in arguments)
    elif get_origin(annotation) is Annotated:
        yield from _limits_within(arguments[0])
        yield from _stated(arguments[1:])
    elif not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        for each in arguments:
            if each is not ...:
                yield from _limits_within(each)


def _stated(metadata: Any) -> Iterator[str]:
    for each in metadata:
        match each:
            case FieldInfo():
                yield from _stated(each.metadata)
            case AfterValidator(func=Matching(allowed=allowed)):
                yield allowed
            case MinLen(min_length=1):
                yield "not empty"
            case MinLen(min_length=length):
                yield f"{length} or more"
            case MaxLen(max_length=length):
                yield f"{length} or fewer"
            case Ge(ge=bound) | Gt(gt=bound) | Le(le=bound) | Lt(lt=bound):
                yield f"{_SIGNS[type(each)]} {bound:,}"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for each in get_args(annotation):
        yield from _models(each)


def _tag(model: type[BaseModel]) -> str:
    """What chooses the model among several: the value of its first choice that has one."""
    for field in model.model_fields.values():
        if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1:
            return str(get_args(field.annotation)[0])
    return model.__name__


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")

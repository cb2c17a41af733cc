"""The Evaluate step: measures candidate and champion on the same holdout, and applies the gate.

Each model reads the texts through the contract that it is served under. Writes `evaluation/evaluation.json`, which the
pipeline's condition and the report read, and `evaluation/model_quality.json` for the registry; for a recipe with a trial
also `answers/answers.json`, what the candidate answered to some of the texts. A refusal by the gate is
a result (status 0); status 1 means that there is no result, and the reason is the job's message.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import digests
import failure
import wheels
from evaluation import artifact, bootstrap, gate, holdout, metrics, mistakes, model_quality, thresholds
from failure import StepError
from prediction import contract, predictor
from trials import expected

VERSION = 1
NONE = "none"
_ROOT = Path("/opt/ml/processing")
_NO_FIGURES: dict[str, Any] = {
    "metrics": {},
    "per_class": {},
    "confusion_matrix": None,
    "calibration": [],
    "precision_recall": {},
    "empty_texts": 0,
}


@dataclass(frozen=True)
class Config:
    """evaluate.json: what the recipe says of evaluation."""

    recipe: str
    labels: tuple[str, ...]
    multi_label: bool
    rule: gate.Rule
    bootstrap_samples: int
    confidence: float
    seed: int
    none: str | None
    chooses_thresholds: bool
    trial_texts: int = 0

    @classmethod
    def load(cls, path: Path) -> Config:
        """Raises StepError when the file is missing or incomplete, or asks for a metric that is not measured."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            config = cls(
                recipe=raw["recipe"],
                labels=tuple(raw["labels"]),
                multi_label=raw["multi_label"],
                rule=gate.Rule(**raw["gate"]),
                bootstrap_samples=raw["bootstrap_samples"],
                confidence=raw["confidence"],
                seed=raw["seed"],
                none=raw["none"],
                chooses_thresholds=raw["threshold"] == thresholds.BEST_F1,
                trial_texts=raw.get("trial_texts", 0),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StepError(
                f"{path} is not a configuration of this step ({type(error).__name__}: {error}). "
                "`model-build run` writes it from the recipe."
            ) from error
        allowed = metrics.names(len(config.labels), config.multi_label)
        if config.rule.metric not in allowed:
            raise StepError(f"gate.metric is {config.rule.metric}. Allowed here: {', '.join(allowed)}.")
        return config

    def with_gate(self, minimum: float | None, max_regression: float | None) -> Config:
        """With other figures of the gate. Raises StepError for what is no share."""
        rule = self.rule
        for name, value in (("minimum", minimum), ("max_regression", max_regression)):
            if value is not None and not 0 <= value <= 1:
                raise StepError(f"The gate's {name} is {value}. Allowed: 0 to 1.")
        if minimum is not None:
            rule = replace(rule, minimum=minimum)
        if max_regression is not None:
            rule = replace(rule, max_regression=max_regression)
        return replace(self, rule=rule)


@dataclass(frozen=True)
class Model:
    """The figures of a model for gate and report; no metrics if its labels differ from the recipe's."""

    figures: gate.Figures
    report: dict[str, Any]


@dataclass(frozen=True)
class MeasuredModel(Model):
    """A model that answered the holdout. `samples` are the gate's metric in each bootstrap sample of it."""

    answers: metrics.Answers
    samples: metrics.Floats


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the step's command line. The defaults are the folders of a processing job."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    inputs = _ROOT / "input"
    parser.add_argument("--config", type=Path, default=inputs / "code" / "evaluate.json")
    parser.add_argument("--holdout", type=Path, default=inputs / "holdout", help="the file, or its folder")
    parser.add_argument(
        "--validation", type=Path, default=inputs / "validation", help="folder; thresholds are chosen on it"
    )
    parser.add_argument("--candidate", type=Path, default=inputs / "candidate", help="folder of model.tar.gz")
    parser.add_argument(
        "--defaults",
        type=Path,
        default=inputs / "defaults",
        help="folder of the model with the recipe's own hyperparameters, where a search found the candidate",
    )
    parser.add_argument(
        "--candidate-uri",
        default=NONE,
        help="where the candidate's artifact lies in S3; its version is recorded",
    )
    parser.add_argument(
        "--candidate-sha256", default=digests.NONE, help="the hash of an artifact that was trained before"
    )
    parser.add_argument("--candidate-contract", type=Path, default=inputs / "candidate-contract")
    parser.add_argument("--candidate-contract-sha256", required=True, help="the hash of that folder")
    parser.add_argument(
        "--champion", type=Path, default=inputs / "champion", help="without model.tar.gz: no champion"
    )
    parser.add_argument("--champion-contract", type=Path, default=inputs / "champion-contract")
    parser.add_argument("--champion-contract-sha256", default=NONE, help="the hash of that folder")
    parser.add_argument("--champion-sha256", default=digests.NONE, help="the hash of the champion's artifact")
    parser.add_argument("--champion-arn", default=NONE)
    parser.add_argument("--force-reason", default=NONE, help="why a refused candidate passes all the same")
    parser.add_argument("--minimum", type=float, help="of the gate's metric; the recipe's by default")
    parser.add_argument("--max-regression", type=float, help="the recipe's by default")
    parser.add_argument("--wheels", type=Path, default=inputs / "wheels")
    parser.add_argument(
        "--pins", type=Path, default=inputs / "code" / wheels.PINS, help="requirements with hashes"
    )
    parser.add_argument("--output", type=Path, default=_ROOT / "output")
    parser.add_argument(
        "--message", type=Path, default=failure.MESSAGE_FILE, help="where the reason of a failure goes"
    )
    return parser.parse_args(argv)


def evaluate(options: argparse.Namespace) -> None:
    """Measure, decide, write. Raises StepError when an input is missing or cannot be used."""
    config = Config.load(options.config).with_gate(options.minimum, options.max_regression)
    examples = holdout.load(options.holdout, config.labels, config.multi_label)
    wheels.install(options.wheels, options.pins)
    # Once: what is imported from the contract's folder leaves bytecode there, and its hash is checked before.
    terms = _terms(options, config)
    candidate = _candidate(options, terms, config, examples)
    defaults = _defaults(options, terms, config, examples)
    champion = _champion(options, config, examples, candidate)
    decision = _decision(options, config, candidate, champion)
    report = {
        "version": VERSION,
        "recipe": config.recipe,
        "labels": list(config.labels),
        "multi_label": config.multi_label,
        "holdout": examples.summary(),
        "candidate": candidate.report,
        "champion": champion and {"arn": options.champion_arn, **champion.report},
        "interval": _interval(candidate, config),
        "comparison": _comparison(candidate, champion, config),
        "defaults": defaults and {**defaults.report, "comparison": _comparison(candidate, defaults, config)},
        "gate": asdict(decision),
    }
    quality = model_quality.statistics(
        candidate.answers,
        config.labels,
        candidate.report["confusion_matrix"],
        samples=config.bootstrap_samples,
        seed=config.seed,
    )
    folder = options.output / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "evaluation.json", report)
    _write(folder / "model_quality.json", quality)
    if config.trial_texts:
        expected.write(
            options.output / "answers",
            config.labels,
            examples.texts,
            candidate.answers.probabilities,
            config.trial_texts,
        )
    _print_summary(report)


def _terms(options: argparse.Namespace, config: Config) -> contract.Contract:
    """The contract of the models that the run trained."""
    terms = contract.load(options.candidate_contract, options.candidate_contract_sha256, "candidate")
    if set(terms.labels) != set(config.labels) or terms.multi_label != config.multi_label:
        raise StepError(
            "The candidate's contract and the recipe disagree: "
            f"the contract says {_labels_in_words(terms.labels, terms.multi_label)}, "
            f"the recipe {_labels_in_words(config.labels, config.multi_label)}. Both come from one commit: run again."
        )
    return terms


def _candidate(
    options: argparse.Namespace, terms: contract.Contract, config: Config, examples: holdout.Holdout
) -> MeasuredModel:
    path = options.candidate / predictor.ARTIFACT
    artifact.require_trained(path, options.candidate_sha256)
    measured, chosen = _trained(path, terms, options, config, examples, "candidate")
    measured.report["artifact"] = _identity(path, options.candidate_uri)
    if chosen:
        written = contract.with_thresholds(options.candidate_contract, chosen, options.output / "contract")
        measured.report["contract"] = {"sha256": written, "thresholds": chosen}
    return measured


def _defaults(
    options: argparse.Namespace, terms: contract.Contract, config: Config, examples: holdout.Holdout
) -> MeasuredModel | None:
    """The model with the recipe's own hyperparameters; None without a search."""
    path = options.defaults / predictor.ARTIFACT
    return _trained(path, terms, options, config, examples, "recipe")[0] if path.is_file() else None


def _trained(
    path: Path,
    terms: contract.Contract,
    options: argparse.Namespace,
    config: Config,
    examples: holdout.Holdout,
    owner: str,
) -> tuple[MeasuredModel, dict[str, float] | None]:
    """A model of this run, measured with thresholds of its own where they are chosen; and those thresholds."""
    model = predictor.Predictor(path, terms, owner)
    chosen = _chosen(model, options.validation, config) if config.chooses_thresholds else None
    measured = _measured(model, replace(terms, thresholds=chosen) if chosen else terms, config, examples)
    return measured, chosen


def _chosen(model: predictor.Predictor, validation: Path, config: Config) -> dict[str, float]:
    """The threshold of each label, chosen on the validation split."""
    examples = holdout.load_lines(validation, config.labels)
    predictions = model.predict_lines(examples.texts, examples.labels)
    return thresholds.best_f1(examples.truth, predictions.probabilities, examples.labels)


def _identity(path: Path, uri: str) -> dict[str, str]:
    """The identity of the measured artifact, which the model package records for deployments."""
    version = digests.NONE if uri == NONE else artifact.version(uri, path.stat().st_size)
    return {"sha256": digests.of_file(path), "version": version}


def _champion(
    options: argparse.Namespace, config: Config, examples: holdout.Holdout, candidate: MeasuredModel
) -> Model | None:
    path = options.champion / predictor.ARTIFACT
    named = options.champion_arn != NONE
    if path.is_file() != named:
        raise StepError(
            f"The champion is {options.champion_arn}, but {path} {'does not exist' if named else 'exists'}. "
            "Name the champion and give its artifact, or neither."
        )
    if not named:
        return None
    artifact.require(path, options.champion_sha256, "champion")
    terms = contract.load(options.champion_contract, options.champion_contract_sha256, "champion")
    unmeasured = gate.Figures(terms.labels, terms.multi_label, metrics={})
    if not gate.comparable(candidate.figures, unmeasured):
        return Model(unmeasured, {"labels": list(terms.labels), **_NO_FIGURES})
    return _measured(predictor.Predictor(path, terms, "champion"), terms, config, examples)


def _measured(
    model: predictor.Predictor, terms: contract.Contract, config: Config, examples: holdout.Holdout
) -> MeasuredModel:
    predictions = model.predict(examples.texts, examples.labels)
    if terms.thresholds is None:
        answers = metrics.Answers.single(examples.truth, predictions.probabilities)
    else:
        least = [terms.thresholds[label] for label in examples.labels]
        none = examples.labels.index(config.none) if config.none else None
        answers = metrics.Answers.several(examples.truth, predictions.probabilities, least, none)
    report = {"labels": list(terms.labels), **metrics.figures(answers, examples.labels)}
    report["empty_texts"] = predictions.empty
    report["mistakes"] = mistakes.most_confident(answers, examples.texts, examples.labels)
    figures = gate.Figures(terms.labels, terms.multi_label, report["metrics"])
    samples = bootstrap.resampled(
        answers, config.rule.metric, samples=config.bootstrap_samples, seed=config.seed
    )
    return MeasuredModel(figures, report, answers, samples)


def _decision(
    options: argparse.Namespace, config: Config, candidate: MeasuredModel, champion: Model | None
) -> gate.Decision:
    """The gate's decision. Raises StepError if the gate's metric could not be measured."""
    if config.rule.metric not in candidate.figures.metrics:
        raise StepError(
            f"{config.rule.metric} cannot be measured: no label has both texts with it and texts without it in the holdout. "
            "Use more data, or a larger split.test in the recipe."
        )
    decision = gate.decide(candidate.figures, champion.figures if champion else None, config.rule)
    if options.force_reason.strip() not in ("", NONE):
        decision = gate.forced(decision, options.force_reason)
    return decision


def _interval(candidate: MeasuredModel, config: Config) -> dict[str, Any] | None:
    """The interval of the gate's metric; None where it could not be measured."""
    if config.rule.metric not in candidate.figures.metrics:
        return None
    return {
        "metric": config.rule.metric,
        "interval": list(bootstrap.interval(candidate.samples, config.confidence)),
        "confidence": config.confidence,
        "samples": config.bootstrap_samples,
    }


def _comparison(candidate: MeasuredModel, champion: Model | None, config: Config) -> dict[str, Any] | None:
    if not isinstance(champion, MeasuredModel):
        return None
    metric = config.rule.metric
    return {
        "metric": metric,
        "difference": candidate.figures.metrics[metric] - champion.figures.metrics[metric],
        # Both answer the same texts of each sample.
        "interval": list(bootstrap.interval(candidate.samples - champion.samples, config.confidence)),
        "confidence": config.confidence,
        "samples": config.bootstrap_samples,
    }


def _labels_in_words(labels: Sequence[str], multi_label: bool) -> str:
    return (
        f"{'several' if multi_label else 'one'} of {', '.join(labels[:8])}{' ...' if len(labels) > 8 else ''}"
    )


def _write(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _print_summary(report: dict[str, Any]) -> None:
    print(f"Holdout: {report['holdout']['rows']} texts")
    for owner in ("candidate", "champion"):
        if report[owner] is not None:
            measured = report[owner]["metrics"].items()
            print(
                f"{owner}: "
                + (", ".join(f"{name} {value:.4f}" for name, value in measured) or "not comparable")
            )
    verdict = "passed" if report["gate"]["passed"] else "refused"
    print(f"Gate {verdict}: {report['gate']['reason']}")


if __name__ == "__main__":
    options = arguments()
    with failure.reported(options.message):
        evaluate(options)

"""The arguments of a pipeline's definition, and the names of parameters that commands set."""

from __future__ import annotations

from dataclasses import dataclass

NONE = "none"
"""The value of a parameter without a champion or a reason: a pipeline parameter cannot be empty."""

MINIMUM, MAX_REGRESSION = "MinimumMetric", "MaxRegression"
"""The parameters of the gate's figures. Their defaults are the recipe's figures."""

CANDIDATE_MODEL, CANDIDATE_SHA256 = "CandidateModel", "CandidateSha256"
"""The parameters of a pipeline without Train: the artifact that a merged pull request trained, and its hash."""


APPROVAL_STATUS = "ApprovalStatus"
"""The parameter of the registration's approval status. Its default is PendingManualApproval."""


@dataclass(frozen=True)
class Inputs:
    """The files that were uploaded for the steps: S3 prefixes named by content, and the hashes that the jobs check.

    `launcher` holds the lines of the program that checks a step's code before it runs it. `algorithm` is the archive of
    the training script, None for a built-in algorithm; `training_wheels` and `pretrained` are channels of the training.
    With `evaluates_transformers` a model of the problem may be a transformer, and Evaluate needs PyTorch. `trial_code` is
    None for a recipe without a trial.
    """

    prepare_code: str
    prepare_sha256: str
    evaluate_code: str
    evaluate_sha256: str
    wheels: str
    contract: str
    contract_sha256: str
    text_rules_sha256: str
    launcher: tuple[str, ...]
    algorithm: str | None = None
    training_wheels: str | None = None
    pretrained: str | None = None
    evaluates_transformers: bool = False
    trial_code: str | None = None
    trial_sha256: str = ""

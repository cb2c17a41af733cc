"""Makes and parses SageMaker's ARNs: `arn:aws:sagemaker:REGION:ACCOUNT:KIND/ID`.

Names keep their case. Operations that take a name or an ARN look resources up by ARN, so the ARN of another
account names a resource that does not exist here, and errors name resources as SageMaker does.
"""

from __future__ import annotations

from local_aws.kernel.account import Account
from local_aws.kernel.wire import ServiceError

MODEL = "model"
MODEL_PACKAGE = "model-package"
MODEL_PACKAGE_GROUP = "model-package-group"


def make(account: Account, kind: str, *parts: str | int) -> str:
    """The ARN of the `kind` that `parts` identify: ("model-package", "GROUP", 3) -> ...:model-package/GROUP/3."""
    return account.arn("sagemaker", "/".join([kind, *map(str, parts)]))


def resolve(account: Account, kind: str, arn_or_name: str) -> str:
    """The ARN of the `kind` that a request names either way. Raises ServiceError for another region's ARN."""
    if not arn_or_name.startswith("arn:"):
        return make(account, kind, arn_or_name)
    require_region(account, arn_or_name)
    return arn_or_name


def require_region(account: Account, arn: str) -> None:
    """Raise ServiceError (ValidationException) for an ARN of another region than the account's."""
    if arn.split(":")[3] != account.region:
        raise ServiceError("ValidationException", f"ARN should be scoped to correct region: {account.region}")


def kind(arn: str) -> str:
    """The kind of resource in an ARN: "model-package-group"."""
    return _resource(arn).partition("/")[0]


def name(arn: str) -> str:
    """The name in an ARN, after its kind: "GROUP", "GROUP/3"."""
    return _resource(arn).partition("/")[2]


def _resource(arn: str) -> str:
    return arn.split(":", 5)[-1]

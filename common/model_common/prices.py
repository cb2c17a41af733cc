"""AWS's prices of the resources of a project, in US dollars: for upper bounds, not for bills.

Prices are those of US East (N. Virginia), on demand, without free tiers; `REGION_FACTOR` is what the dearest regions ask more.
"""

from __future__ import annotations

DATE = "2026-11"
SOURCE = "https://aws.amazon.com/sagemaker/ai/pricing/ and the pricing pages of the other services, US East (N. Virginia)"

REGION_FACTOR = 1.7

INSTANCE_HOURS = {
    "ml.m5.large": 0.115,
    "ml.m5.xlarge": 0.23,
    "ml.m5.2xlarge": 0.461,
    "ml.m5.4xlarge": 0.922,
    "ml.c5.large": 0.102,
    "ml.c5.xlarge": 0.204,
    "ml.c5.2xlarge": 0.408,
    "ml.c5.4xlarge": 0.816,
    "ml.g4dn.xlarge": 0.7364,
    "ml.g5.xlarge": 1.408,
}
"""An hour of an instance, in a processing or training job as in an endpoint."""

SERVERLESS_GB_SECOND = 0.00002
"""A second in which a serverless endpoint answers, for each GB of its memory."""

KEY_MONTH = 1.0
"""A KMS key. One that waits for its deletion costs nothing."""
ALARM_MONTH = 0.1
"""An alarm of CloudWatch on one metric."""


class UnknownPriceError(LookupError):
    """There is no price for an instance type."""

    def __init__(self, instance_type: str) -> None:
        super().__init__(
            f"There is no price for {instance_type} in model_common/prices.py (of {DATE}); it has {', '.join(INSTANCE_HOURS)}."
        )


def instance_hours(instance_type: str, hours: float) -> float:
    """The highest price of these hours of one instance in any region, in US dollars. Raises UnknownPriceError."""
    if instance_type not in INSTANCE_HOURS:
        raise UnknownPriceError(instance_type)
    return INSTANCE_HOURS[instance_type] * hours * REGION_FACTOR

"""Upper bounds of what a project costs."""

from itertools import pairwise

import pytest

from model_common import prices


@pytest.mark.parametrize(
    ("instance_type", "hours", "dollars"),
    [
        # ml.m5.large has 0.115 US dollars an hour, and the dearest regions ask 1.7 times as much.
        ("ml.m5.large", 1, 0.1955),
        ("ml.m5.large", 0, 0.0),
        ("ml.m5.large", 0.5, 0.09775),
        ("ml.g5.xlarge", 10, 23.936),
    ],
)
def test_hours_cost_what_they_cost_in_the_dearest_region(instance_type, hours, dollars):
    assert prices.instance_hours(instance_type, hours) == pytest.approx(dollars)


def test_the_next_size_of_a_family_costs_twice_as_much():
    # To a thousandth of a dollar, as the price list rounds.
    for family in ("ml.m5", "ml.c5"):
        sizes = [
            prices.INSTANCE_HOURS[f"{family}.{size}"] for size in ("large", "xlarge", "2xlarge", "4xlarge")
        ]
        assert [larger / smaller for smaller, larger in pairwise(sizes)] == pytest.approx([2] * 3, rel=0.01)


def test_an_instance_type_without_a_price_is_named_with_those_that_have_one():
    with pytest.raises(LookupError) as refused:
        prices.instance_hours("ml.p5.48xlarge", 1)
    said = str(refused.value)
    assert said.startswith(
        f"There is no price for ml.p5.48xlarge in model_common/prices.py (of {prices.DATE}); it has "
    )
    assert said.endswith(", ".join(prices.INSTANCE_HOURS) + ".")

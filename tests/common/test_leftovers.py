"""What nothing uses any more, as people read it."""

import pytest

from model_common.leftovers import Leftovers


@pytest.mark.parametrize("kind", ["endpoint_configs", "models", "trials"])
def test_anything_left_over_is_something(kind):
    assert Leftovers(**{kind: ("one",)})
    assert not Leftovers(**{kind: ()})


def test_each_has_a_line_and_what_costs_comes_first():
    found = Leftovers(endpoint_configs=("c2", "c1"), models=("m1",), trials=("t1", "t2"))
    assert found.lines() == [
        "trial endpoint t1  (billed while it lives)",
        "trial endpoint t2  (billed while it lives)",
        "endpoint configuration c2",
        "endpoint configuration c1",
        "model m1",
    ]
    assert Leftovers().lines() == []

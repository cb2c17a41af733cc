"""How many inputs a property is tried with, and the JSON that inputs are made of.

The same ones each time, so that CI is no lottery. `EXAMPLES=5000 make test ARGS=tests/properties` looks for new ones.
"""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_CHOSEN = os.environ.get("EXAMPLES", "")


def budget(examples):
    """Settings for so many examples, or as many as the variable EXAMPLES says."""
    return settings(
        max_examples=int(_CHOSEN or examples),
        derandomize=not _CHOSEN,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["", "x", "*", "a.b", "${", "\x00", "\ud800", "__label__", "1e999", "../x", "-1"])
)


def documents(leaves=SCALARS, keys=st.text(max_size=8), most=8):  # noqa: B008
    """JSON values of up to about `most` leaves; the keys of their objects are among `keys`."""
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=most,
    )


def changed(document, values, take):
    """`document` with the node that `take` chooses replaced by one of `values`, left out, or joined by an unknown key."""
    if isinstance(document, dict) and document and take(st.integers(0, 3)):
        key = take(st.sampled_from(sorted(document)))
        if take(st.integers(0, 9)) == 0:
            return {name: value for name, value in document.items() if name != key}
        if take(st.integers(0, 9)) == 0:
            return {**document, take(st.text(max_size=8)): take(values)}
        return {**document, key: changed(document[key], values, take)}
    if isinstance(document, list) and document and take(st.integers(0, 3)):
        index = take(st.integers(0, len(document) - 1))
        return [*document[:index], changed(document[index], values, take), *document[index + 1 :]]
    return take(values)

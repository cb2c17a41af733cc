"""The tree of errors, as the docstring of the module draws it."""

import inspect
import re

import pytest

from model_common import errors

DRAWN = re.findall(r"^ {4}([ │├└─]*)(\w+Error) +(\d)  ", inspect.getdoc(errors) or "", flags=re.MULTILINE)


def drawn_parents():
    """{name: (parent, exit code)} of the docstring's tree."""
    above, found = {}, {}
    for indent, name, code in DRAWN:
        depth = len(indent) // 4
        above[depth] = name
        found[name] = (above.get(depth - 1, "Exception"), int(code))
    return found


def test_the_docstring_draws_the_tree_as_it_is():
    defined = {
        name: (each.__base__.__name__, each.exit_code)
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.CommandError)
    }
    assert drawn_parents() == defined


@pytest.mark.parametrize("name", [name for _, name, _ in DRAWN])
def test_every_error_carries_its_message(name):
    assert getattr(errors, name)("what happened").message == "what happened"


def test_what_a_service_answered_stays_known():
    assert errors.AwsError("x", "Throttling").code == "Throttling"
    assert errors.GitHubError("x", 404).status == 404

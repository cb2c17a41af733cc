"""Every collection that a handler holds is saved, or said to be none of the state."""

from collections.abc import Collection

from local_aws.persistence import saved_attributes

_TEXTS = (str, bytes, tuple, frozenset)
_PARTS = ("_store", "_jobs", "_state")
"""Attributes of handlers that hold the collections of several."""


def collections(owner, path=""):
    for name, value in vars(owner).items():
        if isinstance(value, Collection) and not isinstance(value, _TEXTS) and hasattr(value, "clear"):
            yield f"{path}{name}"
        elif name in _PARTS and type(value).__module__.startswith("local_aws."):
            yield from collections(value, f"{path}{name}.")


def test_every_collection_of_a_handler_is_in_the_table(local_server):
    saved = set()
    for name, paths in saved_attributes.SAVED.items():
        for path in paths:
            owner, _, last = path.rpartition(".")
            place = (
                saved_attributes.get(local_server, name, owner)
                if owner
                else saved_attributes.get(local_server, name, "")
            )
            saved.add((id(place), last))
    missing = []
    for name, owner in saved_attributes.owners(local_server).items():
        if name in saved_attributes.NOT_SAVED:
            continue
        for path in collections(owner):
            parts = path.split(".")
            place = owner
            for part in parts[:-1]:
                place = getattr(place, part)
            if (id(place), parts[-1]) not in saved:
                missing.append(f"{name}: {path}")
    assert not missing, "add them to saved_attributes.SAVED, or their handler to NOT_SAVED with the reason"


def test_the_table_names_no_handler_that_does_not_exist(local_server):
    assert {*saved_attributes.SAVED, *saved_attributes.NOT_SAVED} <= {*saved_attributes.owners(local_server)}

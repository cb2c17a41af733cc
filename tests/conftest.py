import functools
import gc
import os
from collections.abc import Iterator

import boto3
import botocore.session
import pytest

pytest_plugins = ["local_aws.testing", "openapi"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait for servers and jobs a quarter of their time."""
    return (os.cpu_count() or 1) + 1


LONGEST = (
    "e2e",
    "test_run.py",
    "test_transformer.py",
    "test_rollout_of_a_bad_model.py",
    "test_seed.py",
    "test_cli.py",
    "pipeline",
)
"""Folders and files whose tests take a minute or more in one process, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first, so that in the end no core waits for another that is alone with it."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return next((place for place, name in enumerate(LONGEST) if name in item.path.parts), len(LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """The many objects of the tests live to the end: no search for garbage need look at them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _models_of_services_are_read_once() -> Iterator[None]:
    """Each session of boto3 reads the models of its services again, which takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        yield


@pytest.fixture(autouse=True)
def _a_default_session_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 keeps the credentials that its default session found first: one test's would be the next one's."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

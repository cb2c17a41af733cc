import os

import boto3
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


@pytest.fixture(autouse=True)
def _a_default_session_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 keeps the credentials that its default session found first: one test's would be the next one's."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

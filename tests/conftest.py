import os

import boto3
import pytest

pytest_plugins = ["local_aws.testing", "openapi"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait for servers and jobs a quarter of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first, so that in the end no core waits for another that is alone with it."""
    items.sort(key=lambda item: "e2e" not in item.path.parts)


@pytest.fixture(autouse=True)
def _a_default_session_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 keeps the credentials that its default session found first: one test's would be the next one's."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

"""A stage whose AWS is whatever a test says: for what commands refuse before they change anything."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from model_deploy.aws import endpoint
from model_deploy.commands import batch, verify
from model_deploy.core.model_package import contract as contracts
from model_deploy.core.model_package.contract import Contract


@pytest.fixture
def workspace() -> Any:
    """Staging of the project shop."""
    return SimpleNamespace(
        stage=SimpleNamespace(name="staging", rollout=SimpleNamespace(bake_seconds=0, timeout_seconds=1800)),
        settings=SimpleNamespace(
            bucket="shop",
            project_name="shop",
            project_id="p-1",
            kms_key=None,
            s3=lambda key: f"s3://shop/{key}",
        ),
        aws=SimpleNamespace(s3=None, sagemaker=None),
        checks={},
        stack_name="shop-staging-endpoint",
        endpoint_name="shop-staging",
        command=lambda *words: " ".join(["model-deploy", *words]),
    )


@pytest.fixture
def serves(monkeypatch):
    """States which model the endpoint serves, None for no endpoint."""

    def serves(found):
        monkeypatch.setattr(endpoint, "live_model", lambda aws, name: found)

    return serves


@pytest.fixture
def candidate(monkeypatch):
    """States the candidate of every package."""

    def candidate(made):
        for module in (batch, verify):
            monkeypatch.setattr(module, "load_candidate", lambda aws, arn: made)

    return candidate


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The contract of a model of two labels."""
    stated = {
        "version": 1,
        "recipe": "reviews",
        "labels": ["bad", "good"],
        "multi_label": False,
        "threshold": None,
        "text_rules": {},
    }
    rules = b"def tokenise(text, rules): return text"
    files = {"contract.json": json.dumps(stated).encode(), "text_rules.py": rules}
    return contracts.open_files(files, contracts.folder_sha256(files), "the contract")

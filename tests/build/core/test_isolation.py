"""What the SageMaker SDK changes in the process goes with the block that it works in."""

import logging
import os

from model_build.core.isolation import isolated


def test_the_root_logger_is_as_it_was_before_the_sdk_configured_it():
    level, handlers = logging.root.level, list(logging.root.handlers)
    with isolated("eu-west-1"):
        logging.basicConfig(level=logging.INFO, force=False)
        logging.root.setLevel(logging.INFO)
        logging.root.addHandler(logging.NullHandler())
    assert (logging.root.level, logging.root.handlers) == (level, handlers)


def test_the_environment_is_as_it_was(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("SAGEMAKER_VALIDATE_ROLE", raising=False)
    before = dict(os.environ)
    with isolated("eu-west-1"):
        assert os.environ["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert dict(os.environ) == before

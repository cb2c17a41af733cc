"""A block in which the SageMaker SDK uses no network, no configuration of the machine, and no log."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def isolated(region: str) -> Iterator[None]:
    """Isolate the SageMaker SDK from the network and from the machine's configuration.

    The SDK creates clients during its import (they need a region, and would request credentials from the metadata
    service), simulates the role's policies through IAM, takes defaults from configuration files, and logs and warns
    about itself. The environment of the process is changed while the block runs.
    """
    settings = {
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_VALIDATE_ROLE": "false",
        "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": os.devnull,
        "SAGEMAKER_USER_CONFIG_OVERRIDE": os.devnull,
    }
    before = {name: os.environ.get(name) for name in settings}
    disabled, level, handlers = logging.root.manager.disable, logging.root.level, list(logging.root.handlers)
    os.environ.update(settings)
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        # The import gives the root logger a handler and the level INFO, so that boto3 would tell how it finds its endpoints.
        logging.disable(disabled)
        logging.root.setLevel(level)
        logging.root.handlers[:] = handlers
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

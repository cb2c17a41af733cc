"""A block in which a library neither reaches the network, nor reads this machine's configuration, nor talks."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def isolated(region: str) -> Iterator[None]:
    """Keep the SageMaker SDK to itself.

    It makes clients while it is imported (which need a region, and would ask the metadata service for credentials),
    simulates the role's policies through IAM, takes defaults from configuration files, and logs and warns about its
    own habits. Changes the environment of the process while the block runs.
    """
    settings = {
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_VALIDATE_ROLE": "false",
        "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": os.devnull,
        "SAGEMAKER_USER_CONFIG_OVERRIDE": os.devnull,
    }
    before = {name: os.environ.get(name) for name in settings}
    disabled = logging.root.manager.disable
    os.environ.update(settings)
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

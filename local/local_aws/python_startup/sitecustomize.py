"""Python imports this at its start, because `local-aws exec` puts the folder on PYTHONPATH.

AWS_ENDPOINT_URL does not hold for a client that is given an `endpoint_url` by the program, as the SageMaker SDK gives STS's
regional host (`Session().default_bucket()`, `account_id()` and `get_execution_role()`). Here botocore's clients for hosts of
AWS are made for AWS_ENDPOINT_URL instead. Nothing is imported before the program imports botocore. Any Python from 3.8 on
may run this: standard library only.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

_PATCHED = "botocore.client"
_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


def _is_of_aws(url: str | None) -> bool:
    return url is not None and (urlsplit(url).hostname or "").endswith(_HOSTS)


def _patch(module: Any) -> None:
    create = module.ClientCreator.create_client

    def create_client(self: Any, *arguments: Any, **options: Any) -> Any:
        embedded = os.environ.get("AWS_ENDPOINT_URL")
        if embedded and _is_of_aws(options.get("endpoint_url")):
            options["endpoint_url"] = embedded
        return create(self, *arguments, **options)

    module.ClientCreator.create_client = create_client


class _Finder(importlib.abc.MetaPathFinder):
    """Finds botocore.client as others do, and patches it once it is loaded."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != _PATCHED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        loader: Any = spec.loader
        load = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            _patch(module)

        loader.exec_module = exec_module
        return spec


def _import_the_next() -> None:
    """The sitecustomize that this one stands before, if there is another."""
    here = Path(__file__).resolve().parent
    own = sys.modules.pop(__name__, None)
    sys.path[:] = [each for each in sys.path if Path(each).resolve() != here]
    try:
        importlib.import_module("sitecustomize")
    except ModuleNotFoundError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        if own is not None:
            sys.modules.setdefault(__name__, own)


sys.meta_path.insert(0, _Finder())
_import_the_next()

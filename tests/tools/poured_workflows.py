"""The poured workflows on the embedded GitHub: what their jobs find on this machine."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

from embedded import TIME_SCALE
from people import TEMPLATE, Account, sentences

from local_aws.demo import caches
from model_build.aws import wheels

KEPT = {"build": ("conftest.py", "test_gate.py"), "deploy": ("conftest.py", "test_stage.py")}
"""The tests that are poured here: `make test` of a poured repository runs them all, which takes minutes."""


def run_workflows(account: Account, cache: Path) -> None:
    """From now on GitHub starts workflows. The account's checkout pours few tests; `cache` is the jobs' own folder of caches."""
    for part, kept in KEPT.items():
        for file in (account.checkout / "tests" / part).glob("*.py"):
            if file.name not in kept:
                file.unlink()
    for file in (account.checkout / "tests" / "common").glob("test_*.py"):
        if file.name != "test_errors.py":
            file.unlink()
    (cache / "sagemaker-project-template").mkdir()
    (cache / "sagemaker-project-template" / "amazon_sentences.tsv").write_text(sentences())
    # Evaluate's wheels, which pip fetches for another Python: from where every run of this machine keeps them.
    kept_wheels = wheels.cache_folder(os.environ)
    wheels.fetch(wheels.load(TEMPLATE / "build" / "steps"), kept_wheels)
    (cache / "sagemaker-model-build").mkdir()
    (cache / "sagemaker-model-build" / "wheels").symlink_to(kept_wheels)
    variables = {
        **caches.of_user(os.environ),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LOCAL_AWS_TIME_SCALE": str(TIME_SCALE),
        "PIP_NO_INDEX": "1",  # whatever a job installs is on this machine
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # as are pytest's plugins, which no poured repository names
        "SAGEMAKER_VALIDATE_ROLE": "false",
        "XDG_CACHE_HOME": str(cache),
    }
    account.embedded.ask("run_workflows", packages=[sysconfig.get_paths()["purelib"]], variables=variables)

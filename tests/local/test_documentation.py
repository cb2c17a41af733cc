"""The examples of docs/local-aws.md are run as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "local-aws.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
SCRIPTS = [example for example in EXAMPLES if "Server(" in example]
TESTS = [example for example in EXAMPLES if "def test_" in example]


def test_each_example_is_run_by_one_of_these_tests():
    assert len(SCRIPTS) == 2
    assert len(TESTS) == 1
    assert len(EXAMPLES) == 3


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the scripts print, one after the other in one process."""
    folder = tmp_path_factory.mktemp("documentation")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(SCRIPTS)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "deploy" / "README.md").read_text() == "# Deploy\n"
    return done.stdout


def test_the_example_of_permissions_says_what_it_promises(said):
    refusal, recorded, unused, *_ = said.splitlines()
    assert "is not authorized to perform: sagemaker:ListModels on resource: *" in refusal
    assert "sagemaker:ListModels" in recorded
    assert "s3:DeleteBucket" in unused and unused.endswith("was never used")


def test_the_example_of_github_says_what_it_promises(said):
    *_, api, dispatches = said.splitlines()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/_github/api", api)
    assert dispatches == "[]"


def test_the_example_of_a_test_passes(aws):
    names = {}
    exec(TESTS[0], names)
    [test] = [value for name, value in names.items() if name.startswith("test_")]
    test(aws)

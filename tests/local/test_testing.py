"""The pytest plugin of poured repositories."""

import os
import subprocess
import sys

from local_aws.testing import pytest_terminal_summary


def test_in_github_actions_the_jobs_summary_says_what_passed_and_what_did_not(tmp_path):
    (tmp_path / "test_some.py").write_text("def test_good(): ...\n\ndef test_bad():\n    assert False\n")
    summary = tmp_path / "summary.md"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "local_aws.testing", "-p", "no:cacheprovider", "."]
    environment = {**os.environ, "GITHUB_STEP_SUMMARY": str(summary)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout
    assert summary.read_text() == (
        "## Tests on the embedded AWS: 1 passed, 1 failed\n\n    test_some.py::test_bad\n"
    )


def test_elsewhere_there_is_no_summary(monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    reporter = None  # it is not even asked
    assert pytest_terminal_summary(reporter) is None

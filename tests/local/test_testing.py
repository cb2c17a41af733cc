"""The pytest plugin of poured repositories."""

import os
import subprocess
import sys


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
    environment.pop("GITHUB_STEP_SUMMARY")
    subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
    assert summary.read_text().count("##") == 1

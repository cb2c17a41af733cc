"""`make kills`: the figures of docs/threat-model.md. Commands are killed at random moments, and bad models replaced under load.

They are the tests of the suite, with more repetitions: KILLS moments for each command, ROUNDS replacements of each kind.
Exits 1 when one of them fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
from pathlib import Path

from rich.console import Console

DEFAULTS = {"KILLS": "25", "ROUNDS": "20"}
TESTS = {
    "tests/deploy/test_rollout_of_a_bad_model.py": "under_load or killed",
    "tests/seed_code/test_killed.py": "",
    "tests/build/test_run_killed.py": "",
}
"""By file: which of its tests, "" for all."""


def main() -> int:
    environment = DEFAULTS | os.environ
    failed, console = 0, Console()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        for file, chosen in TESTS.items():
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "--tb=short",
                "-n",
                "0",
                "-o",
                "junit_family=xunit1",
                f"--junitxml={report}",
                file,
            ]
            failed += (
                subprocess.run([*command, *(["-k", chosen] if chosen else [])], env=environment).returncode
                != 0
            )
            for name, value in figures(report):
                console.print(f"{value:>8}  {name}", highlight=False)
    return 1 if failed else 0


def figures(report: Path) -> list[tuple[str, str]]:
    """What the tests recorded as properties, in their order: (name, value)."""
    tree = xml.etree.ElementTree.parse(report)
    return [(each.attrib["name"], each.attrib["value"]) for each in tree.iter("property")]


if __name__ == "__main__":
    sys.exit(main())

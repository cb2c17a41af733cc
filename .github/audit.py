"""Asks the Python Packaging Advisory Database, through pip-audit, about every pinned package of the lock files.

Run: python .github/audit.py LOCK...

Exits 1 where a package has a known vulnerability, or was not known to a service that knows others. Where no service answers,
or it knows none of the packages (a mirror without advisories), it says so and exits 0: that is no finding, and no pass.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

SECONDS = "15"
"""How long an answer of the service may take."""


def audited(lock: str) -> Mapping[str, Any] | None:
    """What pip-audit reports of a lock file; None where no service answered."""
    options = [
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner=off",
        "--timeout",
        SECONDS,
        "--format=json",
    ]
    command = [sys.executable, "-m", "pip_audit", *options, "--requirement", lock]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        report: Mapping[str, Any] = json.loads(done.stdout)
    except ValueError:
        if "No module named" in done.stderr:
            sys.exit(f"pip-audit does not run: {done.stderr.strip()} Run `make .venv/.check`.")
        return None
    return report


def verdict(reports: Mapping[str, Mapping[str, Any] | None]) -> tuple[int, list[str]]:
    """The exit code, and what to say, of the reports by lock file."""
    packages = {
        (each["name"], each.get("version", "")): each
        for report in reports.values()
        if report is not None
        for each in report["dependencies"]
    }
    unknown = sorted(name for (name, _), each in packages.items() if "skip_reason" in each)
    silent = [lock for lock, report in reports.items() if report is None]
    if silent or len(unknown) == len(packages):
        why = (
            f"no answer about {', '.join(silent)}" if silent else f"it knows none of {len(packages)} packages"
        )
        return 0, [
            f"NOT AUDITED: the advisory service of PyPI cannot be reached from here ({why}). CI asks it."
        ]
    found = list(_vulnerable(packages.values()))
    said = [*found, *(f"{name} is not known to the advisory service" for name in unknown)]
    return (1, said) if said else (0, [f"{len(packages)} packages have no known vulnerability."])


def _vulnerable(packages: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for each in packages:
        for known in each.get("vulns", ()):
            fixed = ", ".join(known.get("fix_versions", ())) or "no version yet"
            yield f"{each['name']} {each['version']} has {known['id']}; fixed in {fixed}"


def main() -> None:
    code, said = verdict({lock: audited(lock) for lock in sys.argv[1:]})
    warns = code == 0 and said[0].startswith("NOT AUDITED") and "GITHUB_ACTIONS" in os.environ
    sys.stdout.write("".join(f"{'::warning::' if warns else ''}{line}\n" for line in said))
    raise SystemExit(code)


if __name__ == "__main__":
    main()

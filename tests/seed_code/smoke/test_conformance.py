"""AWS_CONFORMANCE.md and the probes of `smoke` say the same."""

import re
from pathlib import Path

from project_template.smoke.probes import PROBES

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"\| (?P<assumed>[^|]+) \| `(?P<where>[^`]+)` \| `(?P<probe>\w+)` \|")


def rows():
    return [found.groupdict() for found in ROW.finditer((ROOT / "AWS_CONFORMANCE.md").read_text())]


def test_each_probe_is_listed_once_and_each_that_is_listed_exists():
    assert sorted(row["probe"] for row in rows()) == sorted(PROBES)


def test_every_line_of_the_table_is_read_and_names_a_file_that_is_there():
    lines = [line for line in (ROOT / "AWS_CONFORMANCE.md").read_text().splitlines() if line.startswith("|")]
    assert len(rows()) == len(lines) - 2
    assert [row["where"] for row in rows() if not (ROOT / row["where"]).is_file()] == []


def test_a_probe_says_what_it_settles():
    assert [name for name, probe in PROBES.items() if not probe.__doc__] == []

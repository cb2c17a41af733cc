"""`make bench`: what is claimed to be fast or good, as ratios; each pair is measured side by side in one run.

`--quick` uses less data; `--only NAME` runs one of the benches. Exits 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from bench import (
    algorithms,
    approval,
    command,
    guard,
    loop,
    memory,
    page,
    prepare,
    rollout,
    serving,
    spark,
    workflows,
)
from bench.table import Row

BENCHES = {
    "prepare": prepare.rows,
    "spark": spark.rows,
    "algorithms": algorithms.rows,
    "serving": serving.rows,
    "loop": loop.rows,
    "command": command.rows,
    "rollout": rollout.rows,
    "approval": approval.rows,
    "guard": guard.rows,
    "memory": memory.rows,
    "page": page.rows,
    "workflows": workflows.rows,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--quick", action="store_true", help="less data: a look, not a measurement")
    parser.add_argument("--only", choices=BENCHES, action="append", help="run this bench (may be repeated)")
    options = parser.parse_args()
    rows: list[Row] = []
    for name in options.only or BENCHES:
        rows += BENCHES[name](quick=options.quick)
    show(rows)
    return 0 if all(row.passed for row in rows) else 1


def show(rows: list[Row]) -> None:
    table = Table()
    for heading in ("what", "ours", "theirs", "ratio", "target", ""):
        table.add_column(heading)
    for row in rows:
        table.add_row(row.name, row.ours, row.theirs, row.ratio, row.target, "yes" if row.passed else "NO")
    Console(width=160).print(table)


if __name__ == "__main__":
    sys.exit(main())

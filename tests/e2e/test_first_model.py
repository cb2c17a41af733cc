"""docs/first-model.md, command by command, with data that no recipe covers."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "first-model.md").read_text()
COMMANDS = re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)
[CHECKS] = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
# The page's port may be taken.
ELSEWHERE = {
    "local-aws up": "local-aws up --port 0",
    '"$(local-aws env)"': '"$(local-aws env --attach "$(grep -om1 "http://127.0.0.1:[0-9]*" up.log)")"',
}


def films(count):
    """Sentences whose words give their rating away, from -3 to 3."""
    draw = random.Random(3)
    kinds = {
        -2: ["dull", "stupid", "tired"],
        0: ["long", "quiet", "odd"],
        2: ["moving", "wonderful", "funny"],
    }
    rows = []
    for number in range(count):
        middle = draw.choice(list(kinds))
        words = " ".join(draw.choices(kinds[middle], k=4))
        rows.append(
            f"{number}\t{middle + draw.choice([-0.8, -0.5, 0, 0.5, 0.8])}\ta {words} film number {number}\n"
        )
    return "".join(rows)


@pytest.mark.slow
def test_the_page_leads_from_a_file_to_an_api(tmp_path):
    for folder in ("build", "deploy"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("reports", "__pycache__")
        )
    (tmp_path / "films.tsv").write_text(films(900))
    (tmp_path / "deploy" / "checks" / "films.json").write_text(CHECKS)
    script = "set -eo pipefail\ntrap 'kill $(jobs -p)' ERR\n" + "\n".join(COMMANDS) + "\n"
    for shown, here in ELSEWHERE.items():
        assert shown in script
        script = script.replace(shown, here)
    own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "GIT_DIR": os.devnull}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    answers = json.loads(done.stdout.splitlines()[-1])["predictions"]
    assert [answer["label"] for answer in answers] == ["high", "low"]

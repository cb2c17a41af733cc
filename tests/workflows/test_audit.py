"""`make audit`: what pip-audit reports, and that no answer is not taken for a good one."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLEAN = {"name": "boto3", "version": "1.44.5", "vulns": []}
BAD = {
    "name": "jinja2",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["3.1", "2.9"], "aliases": [], "description": "..."}],
}
SKIPPED = {"name": "typer", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".github" / "audit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("reports", "code", "said"),
    [
        ([[CLEAN], [CLEAN]], 0, "1 packages have no known vulnerability."),
        ([[CLEAN, BAD]], 1, "jinja2 2.0 has PYSEC-2026-1; fixed in 3.1, 2.9"),
        ([[CLEAN], [SKIPPED]], 1, "typer is not known to the advisory service"),
        ([[SKIPPED]], 0, "NOT AUDITED: the advisory service of PyPI cannot be reached from here"),
        ([[CLEAN], None], 0, "no answer about 1.lock"),
    ],
)
def test_what_is_known_fails_and_what_cannot_be_asked_is_said(audit, reports, code, said):
    named = {
        f"{number}.lock": None if each is None else {"dependencies": each}
        for number, each in enumerate(reports)
    }
    found, lines = audit.verdict(named)
    assert found == code
    assert said in " ".join(lines)


def test_ci_audits_every_lock():
    makefile = (ROOT / "Makefile").read_text()
    audited = makefile.split("\naudit:")[1].split("\n\n")[0]
    locks = {
        str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.lock"), *ROOT.glob("*/requirements.lock")]
    }
    assert locks <= set(audited.split()) | {
        "local/requirements.lock"
    }  # whose packages are in requirements.lock, too
    assert "make audit" in (ROOT / ".github" / "workflows" / "ci.yml").read_text()

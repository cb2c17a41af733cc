"""The commands that the documentation shows: those in its blocks, which are executed, and those in its sentences.

A block of commands is marked `console`, with `$ ` in front of each command and perhaps what it prints, or `bash`, all of
which is a script.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = ("model-build", "model-deploy", "project-template", "local-aws")
PAGES = [
    path
    for pattern in ("*.md", "*/README.md", "docs/**/*.md")
    for path in sorted(ROOT.glob(pattern))
    if "--8<--" not in path.read_text(encoding="utf-8")
]
"""The pages, but for those of the site that only include another one."""

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(rf"`((?:{'|'.join(PROGRAMS)}) [a-z][^`]*)`")
_COMMENT = re.compile(r"\s+# .*$")

_ACCOUNT = "asks for an account"
_SET_UP = "installs into this environment"
_ITSELF = "runs these tests"
_README = "README.md's is run"
_OFFLINE = "docs/offline.md's is run"
NOT_EXECUTED = {
    ("README.md", "make demo"): "tests/e2e/test_demo.py runs what it runs",
    ("README.md", "make test"): _ITSELF,
    ("CONTRIBUTING.md", "make demo"): "tests/e2e/test_demo.py runs what it runs",
    ("CONTRIBUTING.md", "make check"): _ITSELF,
    ("CONTRIBUTING.md", ".venv/bin/pre-commit install"): "changes this repository's hooks",
    ("build/README.md", "local-aws exec -- model-build run --data reviews.csv"): "docs/recipes.md's is run",
    ("build/README.md", "local-aws up &"): _README,
    ("deploy/README.md", "local-aws up &"): _README,
    ("docs/local-aws.md", "local-aws exec --as root -- CMD ..."): "docs/offline.md's is run, with --attach",
    ("docs/local-aws.md", "local-aws up"): _README,
    ("docs/local-aws.md", "local-aws up --github-org acme --studio-domain team"): _OFFLINE,
    ("docs/local-aws.md", "local-aws exec --sample -- CMD ..."): "downloads public data",
    ("docs/local-aws.md", "local-aws sample --recipe NAME"): "downloads public data",
    ("docs/local-aws.md", "local-aws demo"): "tests/e2e/test_demo.py runs it",
    ("docs/offline.md", "python3 -m venv .venv"): _SET_UP,
    (
        "docs/offline.md",
        ".venv/bin/python -m pip install ./common ./build ./deploy ./seed_code ./local",
    ): "`make test-installed` runs it, as CI does",
    ("docs/offline.md", ".venv/bin/local-aws demo"): "tests/e2e/test_demo.py runs it",
    (
        "docs/publish.md",
        'make smoke ARGS="--github-org acme --token-secret arn:aws:secretsmanager:...:secret:github"',
    ): f"{_ACCOUNT}; tests/e2e/test_smoke.py runs it here",
}
"""The commands that no test executes as a page shows them, with the reason."""
PYTHON_RUN_BY = {
    "docs/approve.md": "tests/e2e/test_documentation.py",
    "docs/asynchronous.md": "tests/local/hosting/test_asynchronous.py",
    "docs/call-the-api.md": "tests/e2e/test_documentation.py",
    "docs/local-aws.md": "tests/local/test_documentation.py",
}
"""The pages with Python, and the test that executes it."""


def name(page: Path) -> str:
    """The path of a page in this repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[tuple[str, str]]:
    """The blocks of a page: language and text."""
    return _BLOCK.findall(page.read_text(encoding="utf-8"))


def commands(page: Path) -> list[str]:
    """The commands in the blocks of a page, in their order, without comments."""
    found = []
    for language, text in blocks(page):
        if language == "bash":
            found += [_COMMENT.sub("", line) for line in re.sub(r"\\\n\s*", "", text).splitlines()]
        elif language == "console":
            found += [_COMMENT.sub("", line[2:]) for line in text.splitlines() if line.startswith("$ ")]
    return found


def mentions(page: Path) -> list[str]:
    """The commands of this project in the sentences of a page."""
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    return [" ".join(found.split()) for found in _INLINE.findall(text)]


def words(line: str) -> list[str] | None:
    """The words of a command of this project, without what the shell does with it; None for another program's."""
    bare = re.sub(r"^eval \"\$\(|\)\"(?= |$)|\$\(|\)$", "", line).replace(".venv/bin/", "")
    if bare.split(" ")[0] not in PROGRAMS or re.search(r"[|·]", bare):
        return None
    return [word for word in shlex.split(bare, comments=True) if word not in ("&", "...")]

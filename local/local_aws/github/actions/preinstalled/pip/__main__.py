"""`python -m pip` where the machine has packages already: what pip takes seconds for, done at once.

That is to find that a list of pinned packages lacks nothing, and to install what lies on this machine (`local`). Whatever
is asked beyond that, and where anything lacks, the real pip does.
"""

from __future__ import annotations

import re
import runpy
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_FOLDER = str(Path(__file__).parents[1])
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;]+)\s*(?:;\s*([^\\]+?))?\s*\\?$")
_IGNORED_OPTIONS = {"--quiet", "--no-compile", "--disable-pip-version-check", "--require-hashes"}


def _all_installed(text: str) -> bool:
    """Whether every line of a lock is installed in just that version. Hashes are of files, which were checked then."""
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "--hash="))
    ]
    found = [_PINNED.match(line.strip()) for line in lines]
    return bool(found) and all(each is not None and _is_installed(*each.groups()) for each in found)


def _is_installed(name: str, wanted: str, marker: str | None) -> bool:
    if marker is not None:
        from packaging.markers import Marker

        if not Marker(marker).evaluate():
            return True
    try:
        return version(name) == wanted
    except PackageNotFoundError:
        return False


def main() -> None:
    """Answer a list that lacks nothing, and install projects and wheels; hand everything else to pip."""
    match [each for each in sys.argv[1:] if each not in _IGNORED_OPTIONS]:
        case ["install", "--no-deps", "--no-build-isolation", "-e", first, "-e", second]:
            from . import local

            if local.install_editable([Path(first), Path(second)]):
                return
        case ["install", "--force-reinstall", "--no-deps", wheel]:
            from . import local

            if local.install_wheels([Path(wheel)]):
                return
        case ["install", "-r", path]:
            text = Path(path).read_text(encoding="utf-8")
            if _all_installed(text):
                return
            if path == "/dev/stdin":  # which is read only once
                with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as kept:
                    kept.write(text)
                sys.argv[sys.argv.index(path)] = kept.name
    sys.path[:] = [each for each in sys.path if each != _FOLDER]
    for name in [each for each in sys.modules if each.partition(".")[0] == "pip"]:
        del sys.modules[name]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

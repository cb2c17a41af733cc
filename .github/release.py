"""Builds what a release consists of: a wheel per package, the seeds, release notes and the SHA-256 sum of each file.

Run: python .github/release.py TAG FOLDER PACKAGE...
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class ReleaseError(Exception):
    """The tree is not ready to be released as this tag."""


def require_version(tag: str, manifests: list[Path]) -> str:
    """The version that `tag` (v1.2.3) names. Raises ReleaseError where a pyproject.toml states another one."""
    if not re.fullmatch(r"v\d+\.\d+\.\d+", tag):
        raise ReleaseError(f"The tag is {tag!r}; expected v and three numbers, such as v1.2.3.")
    version = tag.removeprefix("v")
    for manifest in manifests:
        stated = tomllib.loads(manifest.read_text(encoding="utf-8"))["project"]["version"]
        if stated != version:
            raise ReleaseError(
                f"{manifest.relative_to(ROOT)} states version {stated}, the tag is {tag}. Set it to {version}."
            )
    return version


def notes(changelog: str, version: str) -> str:
    """The entries of `version` in the changelog. Raises ReleaseError where there are none."""
    heading = rf"^## \[{re.escape(version)}\].*?$\n(.*?)(?=^## \[|\Z)"
    section = re.search(heading, changelog, re.MULTILINE | re.DOTALL)
    if section is None or not section[1].strip():
        raise ReleaseError(
            f"CHANGELOG.md has no entries under [{version}]. Move those of [Unreleased] there."
        )
    return section[1].strip() + "\n"


def build(packages: list[str], folder: Path) -> None:
    """Write the wheel of each package and the archive of each seed into `folder`."""
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*wheel, "--wheel-dir", folder, *(ROOT / package for package in packages)], check=True)
    from project_template import seed

    for name, archive in seed.archives(ROOT).items():
        (folder / f"seed-{name}").write_bytes(archive)


def sums(folder: Path) -> str:
    """The SHA-256 sum of each file, as `sha256sum --check` and `project-template doctor --folder` read them."""
    from project_template import manifest

    return manifest.of(
        {path.name: path.read_bytes() for path in folder.iterdir() if path.name != manifest.NAME}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tag")
    parser.add_argument("folder", type=Path)
    parser.add_argument("packages", nargs="+")
    asked = parser.parse_args()
    manifests = [ROOT / name / "pyproject.toml" for name in (".", *asked.packages)]
    try:
        version = require_version(asked.tag, manifests)
        text = notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    except ReleaseError as error:
        raise SystemExit(str(error)) from error
    asked.folder.mkdir(parents=True, exist_ok=True)
    if any(asked.folder.iterdir()):
        raise SystemExit(f"{asked.folder} is not empty: remove it, so that the release holds nothing older.")
    build(asked.packages, asked.folder)
    (asked.folder / "NOTES.md").write_text(text, encoding="utf-8")
    (asked.folder / "SHA256SUMS").write_text(sums(asked.folder), encoding="utf-8")


if __name__ == "__main__":
    main()

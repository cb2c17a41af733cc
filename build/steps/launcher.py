"""Starts a step's script, if the folder that it lies in is what the pipeline's definition names.

Travels inside the definition, line by line, so that what checks the code does not come from where the code comes from.
Called as FOLDER SHA256 SCRIPT ARGUMENT...; a program that runs the script in place of Python may stand before SCRIPT, with
a space between them. No line is longer than an entry point's parts may be: 256 characters.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import sys


def folder_sha256(folder: pathlib.Path) -> str:
    lines = []
    for path in folder.rglob("*"):
        if not path.is_dir():
            name = path.relative_to(folder).as_posix()
            lines.append(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def stop(text: str) -> None:
    output = pathlib.Path("/opt/ml/output")
    output.mkdir(parents=True, exist_ok=True)
    (output / "message").write_text(text)
    sys.exit(text)


def launch(folder: str, expected: str, script: str, *arguments: str) -> None:
    if sys.version_info[:2] < (3, 9):  # noqa: UP036 (the image decides)
        stop(
            f"The image of this step has Python {sys.version.split()[0]}; the steps need 3.9 or later. The image's tag was "
            "moved, or the recipe names another image: name one with Python 3.9 or later."
        )
    found = folder_sha256(pathlib.Path(folder))
    if found != expected:
        text = (
            f"The code of this step is not what the pipeline was made with: the hash of its folder is {found}, the "
            f"definition names {expected}. Nothing of it was run. Somebody wrote to its place in S3 after it was "
            "uploaded: find out who, delete what was written, and run again."
        )
        stop(text)
    *program, name = script.split()
    command = [*(program or [sys.executable]), str(pathlib.Path(folder, name)), *arguments]
    os.execvp(command[0], command)


launch(*sys.argv[sys.argv.index("--") + 1 :])

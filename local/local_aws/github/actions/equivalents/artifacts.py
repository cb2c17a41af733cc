"""actions/upload-artifact and actions/download-artifact: files of a run, kept under a name until the server ends.

https://github.com/actions/upload-artifact, https://github.com/actions/download-artifact
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from local_aws.github.actions.equivalents.call import ActionCall
from local_aws.github.actions.errors import StepFailed
from local_aws.github.actions.files import find
from local_aws.github.actions.runs import Artifact

UPLOAD: Mapping[str, str | None] = {
    "name": "artifact",
    "path": None,
    "if-no-files-found": "warn",
    "include-hidden-files": "false",
    "overwrite": "false",
    "retention-days": None,
}
DOWNLOAD: Mapping[str, str | None] = {"name": None, "path": None, "merge-multiple": "false"}
_FORBIDDEN = re.compile(r'["<>|*?\r\n\\/:]')


def upload(call: ActionCall) -> Mapping[str, str]:
    """Outputs `artifact-id`; nothing where there were no files and that is no error. Raises StepFailed."""
    name, asked = call.inputs["name"], call.required("path")
    if _FORBIDDEN.search(name):
        raise StepFailed(
            f'The artifact name is not valid: {name}. It must not hold any of " : < > | * ? \\ / or a line end.'
        )
    hidden = call.flag("include-hidden-files")
    files = [
        file
        for file in find(call.folders.workspace, asked.splitlines())
        if hidden or not _is_hidden(call, file)
    ]
    if not files:
        return _no_files(call, asked)
    if name in call.run.artifacts and not call.flag("overwrite"):
        raise StepFailed(
            "Failed to CreateArtifact: Received non-retryable error: Failed request: (409) Conflict: "
            f"an artifact with this name already exists on the workflow run ({name})"
        )
    folder = call.artifacts / str(call.new_id())
    root = _common_root(call.folders.workspace, asked)
    for file in files:
        place = folder / file.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    made = Artifact(int(folder.name), name, folder)
    call.run.artifacts[name] = made
    call.say(f"Artifact {name} has been successfully uploaded! {len(files)} files, {made.size} bytes.")
    return {"artifact-id": str(made.id)}


def download(call: ActionCall) -> Mapping[str, str]:
    """One artifact by its name into `path`; without a name all, each into a folder of its name. Raises StepFailed."""
    place = call.folders.workspace / call.inputs["path"]
    name = call.inputs["name"]
    if name and name not in call.run.artifacts:
        raise StepFailed(f"Unable to download artifact(s): Artifact not found for name: {name}")
    together = bool(name) or call.flag("merge-multiple")
    for each in [call.run.artifacts[name]] if name else call.run.artifacts.values():
        shutil.copytree(each.folder, place if together else place / each.name, dirs_exist_ok=True)
        call.say(f"Artifact {each.name} has been downloaded.")
    return {"download-path": str(place)}


def _no_files(call: ActionCall, asked: str) -> Mapping[str, str]:
    message = f"No files were found with the provided path: {asked}. No artifacts will be uploaded."
    match call.inputs["if-no-files-found"]:
        case "error":
            raise StepFailed(message)
        case "warn":
            call.warn(message)
        case "ignore":
            call.say(message)
        case other:
            raise StepFailed(
                f"Unrecognized if-no-files-found input. Provided: {other}. Available options: warn, error, ignore"
            )
    return {}


def _common_root(workspace: Path, asked: str) -> Path:
    """The folder that paths in the artifact are relative to: what the paths asked for have in common before a wildcard."""
    starts = []
    for line in filter(None, (line.strip() for line in asked.splitlines())):
        if line.startswith("!"):
            continue
        parts = itertools.takewhile(lambda part: not re.search(r"[*?\[]", part), Path(line).parts)
        place = workspace.joinpath(*parts)
        starts.append(place.parent if place.is_file() else place)
    return Path(os.path.commonpath(starts))


def _is_hidden(call: ActionCall, file: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(call.folders.workspace).parts)

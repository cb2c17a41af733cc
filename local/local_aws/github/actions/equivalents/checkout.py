"""actions/checkout: the commit of the run, or another, cloned with the job's token.

https://github.com/actions/checkout
"""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local_aws.github.actions.equivalents.call import ActionCall
from local_aws.github.actions.errors import StepFailed
from local_aws.github.git import environment
from local_aws.github.ref_updates import HEADS

INPUTS: Mapping[str, str | None] = {
    "repository": None,
    "ref": None,
    "token": None,
    "path": None,
    "fetch-depth": "1",
    "persist-credentials": "true",
}


def run(call: ActionCall) -> Mapping[str, str]:
    """Outputs `ref` and `commit`."""
    event = call.run.event
    own = call.inputs["repository"] in {"", event.repository.full_name}
    repository = call.inputs["repository"] or event.repository.full_name
    ref = call.inputs["ref"] or (event.ref if own else "HEAD")
    wanted = event.sha if own and not call.inputs["ref"] else ref
    folder = call.folders.workspace / call.inputs["path"]
    _empty(folder)
    secret = base64.b64encode(f"x-access-token:{call.inputs['token'] or call.token}".encode()).decode()
    call.mask(secret)
    header = f"AUTHORIZATION: basic {secret}"
    git = _Git(folder, call)
    git("init", "--quiet", "--initial-branch=main", ".")
    git("remote", "add", "origin", call.clone_url(repository))
    depth = [] if call.inputs["fetch-depth"] == "0" else [f"--depth={call.inputs['fetch-depth']}"]
    git("-c", f"http.extraheader={header}", "fetch", "--quiet", "--no-tags", *depth, "origin", wanted)
    if ref.startswith(HEADS):
        branch = ref.removeprefix(HEADS)
        git("checkout", "--quiet", "--force", "-B", branch, "FETCH_HEAD")
    else:
        git("checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
    if call.flag("persist-credentials"):
        git("config", "--local", "http.extraheader", header)
    commit = git("log", "-1", "--format=%H").strip()
    return {"ref": ref, "commit": commit}


class _Git:
    """git in a folder, with nothing of this machine's settings. Raises StepFailed with what git says."""

    def __init__(self, folder: Path, call: ActionCall) -> None:
        self._folder, self._call = folder, call

    def __call__(self, *arguments: str) -> str:
        self._call.say(f"[command]git {' '.join(arguments)}")
        done = subprocess.run(
            ["git", *arguments],
            cwd=self._folder,
            env=environment(HOME=str(self._call.folders.home), NO_PROXY="127.0.0.1", no_proxy="127.0.0.1"),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StepFailed(
                f"The process 'git' failed with exit code {done.returncode}: {done.stderr.strip()}"
            )
        return done.stdout


def _empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()

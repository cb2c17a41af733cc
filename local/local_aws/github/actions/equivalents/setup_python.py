"""actions/setup-python: a Python on the PATH. This machine has one; that it is another version than asked for is said.

https://github.com/actions/setup-python
"""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.github.actions.equivalents.call import ActionCall

INPUTS: Mapping[str, str | None] = {"python-version": None}


def run(call: ActionCall) -> Mapping[str, str]:
    """Outputs `python-version` and `python-path`."""
    version = call.machine.python_version
    asked = call.required("python-version")
    if not f"{version}.".startswith(f"{asked.removesuffix('.x')}."):
        call.warn(f"Python {asked} is asked for; this machine has {version}, which is used.")
    folder = call.folders.tools / "Python" / version / call.machine.architecture.lower()
    bin_folder = call.machine.install_python(folder)
    call.path.insert(0, str(bin_folder))
    for name in ("pythonLocation", "Python_ROOT_DIR", "Python3_ROOT_DIR"):
        call.environment[name] = str(folder)
    return {"python-version": version, "python-path": str(bin_folder / "python")}

"""Workflow commands of a step: lines that begin with `::`, and the files of GITHUB_OUTPUT and similar variables.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from local_aws.github.actions.errors import StepFailed

_COMMAND = re.compile(r"^\s*::([\w-]+)(?: ([^:]*(?::[^:]+)*?))?::(.*)$")
_LEVELS = frozenset({"error", "warning", "notice"})
_ASSIGNMENT = re.compile(r"^([^=]*?)(=|<<)(.*)$")
_FORBIDDEN = frozenset({"NODE_OPTIONS"})
HIDDEN = "***"


class Log:
    """Takes the lines of one step: masks what is secret, and obeys commands. `annotations` are (level, message)."""

    def __init__(self, lines: list[str], masks: set[str], annotations: list[tuple[str, str]]) -> None:
        self.lines = lines
        self._masks = masks
        self._annotations = annotations
        self._stopped_until: str | None = None

    def say(self, line: str) -> None:
        """A line of the runner's own."""
        self.lines.append(self._masked(line))

    def take(self, line: str) -> None:
        """A line of the step's output."""
        found = _COMMAND.match(line)
        if self._stopped_until is not None:
            if line.strip() == f"::{self._stopped_until}::":
                self._stopped_until = None
            else:
                self.say(line)
            return
        if found is None:
            self.say(line)
            return
        name, text = found[1].lower(), unescaped(found[3])
        if name == "add-mask":
            self._masks.update(each for each in [text, *text.splitlines()] if each.strip())
        elif name == "stop-commands":
            self._stopped_until = text
        elif name in _LEVELS:
            self._annotations.append((name, self._masked(text)))
            self.say(f"##[{name}]{text}")
        elif name in {"set-output", "save-state", "set-env", "add-path"}:
            message = f"The `{name}` command is disabled. Please upgrade to using Environment Files."
            self._annotations.append(("error", message))
            self.say(f"##[error]{message}")
        else:
            self.say(f"##[{name}]{text}")

    def fail(self, message: str) -> None:
        """Log an error and annotate the job with it."""
        self._annotations.append(("error", self._masked(message)))
        self.say(f"##[error]{message}")

    def _masked(self, line: str) -> str:
        for secret in sorted(self._masks, key=len, reverse=True):
            line = line.replace(secret, HIDDEN)
        return line


def unescaped(text: str) -> str:
    """A value of a command with its escapes decoded."""
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def assignments(text: str, variable: str) -> dict[str, str]:
    """The values in an environment file of a step: NAME=VALUE, or NAME<<DELIMITER and lines. Raises StepFailed."""
    found: dict[str, str] = {}
    lines = text.split("\n")
    while lines:
        line = lines.pop(0).rstrip("\r")
        if not line:
            continue
        match = _ASSIGNMENT.match(line)
        if match is None or not match[1]:
            raise StepFailed(
                f"Unable to process file command '{variable}' successfully. Invalid format '{line}'"
            )
        name, value = match[1], match[3]
        if match[2] == "<<":
            value = _heredoc(lines, value, variable)
        found[name] = value
    return found


def check_environment(values: Mapping[str, str]) -> None:
    """Raises StepFailed for what no step may set."""
    for name in values:
        if name.upper() in _FORBIDDEN:
            raise StepFailed(f"Can't store {name} output parameter using '$GITHUB_ENV' command.")


def _heredoc(lines: list[str], delimiter: str, variable: str) -> str:
    inside: list[str] = []
    while lines:
        line = lines.pop(0).rstrip("\r")
        if line == delimiter:
            return "\n".join(inside)
        inside.append(line)
    raise StepFailed(
        f"Unable to process file command '{variable}' successfully. "
        f"Invalid value. Matching delimiter not found '{delimiter}'"
    )

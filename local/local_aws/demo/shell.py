"""The product's own commands, as the demonstration runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.errors import LocalAwsError


class CommandFailedError(LocalAwsError):
    """A command of the demonstration did not succeed; it has said why on stderr."""

    def __init__(self, command: list[str], exit_code: int) -> None:
        super().__init__(f"`{' '.join(command)}` ended with exit code {exit_code}; its own words are above")
        self.exit_code = exit_code


@dataclass(frozen=True)
class Shell:
    """Runs commands in `folder`, with the embedded AWS in their environment."""

    folder: Path
    environment: dict[str, str]

    def json(self, name: str, *arguments: str, expected: int = 0) -> dict[str, Any]:
        """Run a command that prints one JSON object; its progress goes to our stderr.

        Raises CommandFailedError on any other exit code than the expected one.
        """
        command = [str(Path(sys.executable).with_name(name)), *arguments, "--json"]
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, stdout=subprocess.PIPE, check=False
        )
        if done.returncode != expected:
            raise CommandFailedError([name, *arguments], done.returncode or 1)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

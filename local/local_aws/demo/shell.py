"""The product's own commands, as the demonstration runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from local_aws.errors import LocalAwsError

_LAST_LINES = 20


class CommandFailedError(LocalAwsError):
    """A command of the demonstration did not succeed; `said` is the end of what it said on stderr, if that went elsewhere."""

    def __init__(self, command: list[str], exit_code: int, said: str = "") -> None:
        words = f":\n{said}" if said else "; its own words are above"
        super().__init__(f"`{' '.join(command)}` ended with exit code {exit_code}{words}")
        self.exit_code = exit_code


@dataclass(frozen=True)
class Shell:
    """Runs commands in `folder`, with the embedded AWS in their environment.

    Their progress is appended to the file `log`, or goes to our stderr where there is none.
    """

    folder: Path
    environment: dict[str, str]
    log: Path | None = None

    def json(self, name: str, *arguments: str, expected: int = 0) -> dict[str, Any]:
        """Run a command that prints one JSON object.

        Raises CommandFailedError on any other exit code than the expected one.
        """
        command = [str(Path(sys.executable).with_name(name)), *arguments, "--json"]
        with self._progress() as progress:
            start = progress.tell() if progress else 0
            done = subprocess.run(
                command,
                env=self.environment,
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=progress,
                check=False,
            )
        if done.returncode != expected:
            raise CommandFailedError([name, *arguments], done.returncode or 1, self._log_tail(start))
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def _progress(self) -> AbstractContextManager[IO[bytes] | None]:
        return self.log.open("ab") if self.log else nullcontext()

    def _log_tail(self, start: int) -> str:
        """The last lines of what was logged from there on."""
        if self.log is None:
            return ""
        lines = self.log.read_bytes()[start:].decode(errors="replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:])

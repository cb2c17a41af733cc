"""`model-build comment`: writes a report into one comment on its pull request, which later reports edit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from model_build.commands.report import HOME
from model_build.errors import UsageError
from model_build.github import Comment, GitHub
from model_build.report import markdown

_MOST = 65_536  # characters; GitHub refuses longer comments


@dataclass(frozen=True)
class Posted:
    """The comment's URL, and what was done: created, edited, or nothing because it was up to date."""

    url: str
    done: str

    def document(self) -> dict[str, str]:
        """The result for machines (`--json`)."""
        return {"url": self.url, "done": self.done}

    def lines(self) -> list[str]:
        """The result for people."""
        return [f"{self.done} {self.url}"]


def post(github: GitHub, number: int, report: Path | None) -> Posted:
    """Put the report, by default the newest in reports/, into the pull request's one comment for its recipe.

    A comment of another person that begins like a report is not edited. Raises UsageError if there is no report, GitHubError.
    """
    body = read(report or newest(HOME))
    marker = body.partition("\n")[0]
    found = next((comment for comment in github.comments(number) if _is_ours(comment, marker)), None)
    if found is None:
        return Posted(github.create(number, body).url, "created")
    # GitHub may change line ends.
    if found.body.split() == body.split():
        return Posted(found.url, "unchanged")
    return Posted(github.edit(found, body).url, "edited")


def newest(folder: Path) -> Path:
    """The newest report in reports/<execution>/. Raises UsageError if there is none."""
    found = sorted(folder.glob("*/report.md"), key=lambda path: path.stat().st_mtime_ns)
    if not found:
        raise UsageError(
            f"There is no report in {folder.resolve()}. `model-build run` writes one, and so does `model-build report`; "
            "--report names another."
        )
    return found[-1]


def read(path: Path) -> str:
    """The report's Markdown, cut to the length of a comment. Raises UsageError if it is not a report."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The report {path} cannot be read: {error}.") from error
    if not markdown.is_marked(text):
        raise UsageError(
            f"{path} is not a report of model-build: it does not begin with {markdown.marker('RECIPE')}."
        )
    if len(text) <= _MOST:
        return text
    note = "\n\n(cut: a comment cannot be longer; the job summary has the rest)\n"
    return text[: _MOST - len(note)].rpartition("\n")[0] + note


def _is_ours(comment: Comment, marker: str) -> bool:
    return comment.trusted and comment.body.partition("\n")[0].rstrip() == marker

"""Names: whether SageMaker and the template take the project's, and everything named after it fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from project_template.core import names
from project_template.core.template import Parameter
from project_template.doctor.finding import Finding, fail, ok
from project_template.errors import UsageError

_CHECK = "names"
_SHORTER = "Choose a shorter name for the project, or for its longest recipe or stage."


def check(
    name: str, recipes: list[str], stages: list[str], declared: Mapping[str, Parameter]
) -> Iterator[Finding]:
    """All that is named after a project, at its longest. `declared` are the published template's parameters."""
    try:
        names.check_project(name)
    except UsageError as error:
        yield fail(_CHECK, error.message, "Choose another name.")
        return
    declaration = declared.get("SageMakerProjectName")
    problem = declaration.problem(name) if declaration else None
    if problem is not None:
        yield fail(_CHECK, problem, "Choose another name: the template does not take this one.")
        return
    derived = names.derived(name, recipes, stages)
    too_long = [each for each in derived if not each.fits]
    for each in too_long:
        yield fail(
            _CHECK, f"{each.what} {each.name} has {len(each.name)} characters of {each.limit}", _SHORTER
        )
    if not too_long:
        tightest = min(derived, key=lambda each: each.limit - len(each.name))
        yield ok(
            _CHECK,
            f"{len(derived)} names after {name} fit; the tightest is {tightest.name}, {len(tightest.name)} of {tightest.limit}",
        )


def stems(folder: Path) -> list[str]:
    """The names of the recipes or stages in a folder of the checkout."""
    return sorted(path.stem for path in folder.glob("*.yaml"))

"""`project-template smoke`: asks before it begins, and what it cannot be asked without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml
from rich.console import Console

from model_common import prices
from model_common.cli.progress import Progress
from project_template.aws.clients import Aws
from project_template.core.settings import issuer_of
from project_template.errors import UsageError
from project_template.seed import TEMPLATE
from project_template.smoke import cleaning, plan, run, sample
from project_template.smoke.plan import TEARDOWN_MINUTES, Job, Plan
from project_template.smoke.run import Outcome, Request, verdict

__all__ = ["Options", "clean", "start", "verdict"]


@dataclass(frozen=True)
class Options:
    """The options. Empty strings and None are what was not given."""

    github_org: str
    token_secret: str
    github_url: str
    issuer: str
    data: Path | None
    recipe: str
    minutes: int
    outsider: str
    report: Path | None


def start(aws: Aws, options: Options, ask: Callable[[str], bool], console: Console) -> Outcome:
    """Show what a run makes and costs, and run it if `ask` is answered with yes. Raises UsageError otherwise."""
    for option, value in (("--github-org", options.github_org), ("--token-secret", options.token_secret)):
        if not value:
            raise UsageError(
                f"{option} is missing: a smoke run makes repositories. --clean alone needs none of them."
            )
    if options.data is None and options.recipe != sample.RECIPE:
        raise UsageError(
            f"--recipe {options.recipe} needs --data FILE: the sample is one for {sample.RECIPE}."
        )
    made = Plan(run.new_name(), options.github_org, options.recipe, options.minutes, _jobs(options.recipe))
    for line in plan.lines(made, aws.account, aws.region):
        Progress(console).say(line)
    if not ask("Begin?"):
        raise UsageError("Nothing was made. --yes begins without asking.")
    request = Request(
        plan=made,
        token_secret=options.token_secret,
        github_url=options.github_url,
        issuer=options.issuer or issuer_of(options.github_url),
        data=options.data.read_bytes() if options.data else sample.sentences(),
        report=options.report or Path("reports", f"{made.name}.md"),
        outsider=options.outsider,
    )
    return run.run(aws, request, console)


def _jobs(recipe: str) -> tuple[Job, ...]:
    """The jobs of a recipe of this checkout. Raises UsageError where there is no such recipe, or no price for its instances."""
    path = TEMPLATE / "build" / "recipes" / f"{recipe}.yaml"
    if not path.is_file():
        recipes = ", ".join(sorted(each.stem for each in path.parent.glob("*.yaml")))
        raise UsageError(f"--recipe is {recipe!r}; expected one of {recipes}.")
    found = plan.jobs_of(yaml.safe_load(path.read_text(encoding="utf-8")))
    for job in found:
        if job.instance_type not in prices.INSTANCE_HOURS:
            raise UsageError(str(prices.UnknownPriceError(job.instance_type)))
    return found


def clean(aws: Aws, ask: Callable[[str], bool], console: Console) -> list[str]:
    """Take down whatever runs left, if `ask` is answered with yes; the names of those runs. Raises UsageError."""
    names = cleaning.leftovers(aws, datetime.now(UTC), all_of_them=True)
    if names and not ask(f"Take down everything of {', '.join(names)}, models and data, too?"):
        raise UsageError("Nothing was deleted. --yes deletes without asking.")
    for name in names:
        cleaning.clean(aws, name, TEARDOWN_MINUTES, console, Progress(console).say)
    return names

"""`model-build report`: writes an execution's report, as Markdown and HTML, to a folder and the artifact bucket."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from model_build.aws import champion, executions, pipelines
from model_build.commands.models import next_place, next_step
from model_build.core import change_summary, links
from model_build.core.execution import Execution
from model_build.report import Link, Report, Run, Step, html, markdown
from model_build.report.documents import Search
from model_build.run import blueprint, results
from model_build.run.results import Results
from model_build.workspace import Workspace

HOME = Path("reports")
_PAGE = "report.html"


@dataclass(frozen=True)
class ReportFiles:
    """The files of a report, and the URI of its upload."""

    html: Path
    markdown: Path
    uri: str

    @property
    def text(self) -> str:
        """The report as Markdown."""
        return self.markdown.read_text(encoding="utf-8")

    def document(self) -> dict[str, str]:
        """The result for machines (`--json`)."""
        return {"html": str(self.html), "markdown": str(self.markdown), "uri": self.uri}

    def lines(self) -> list[str]:
        """The result for people."""
        return [str(self.html), str(self.markdown), self.uri]


def report(workspace: Workspace, execution: str | None) -> ReportFiles:
    """Write the report of a past execution, by default the latest. Raises UsageError when there is none."""
    found = executions.find(workspace.aws.sagemaker, workspace.pipeline, execution, workspace.command)
    return write(workspace, found, results.collect(workspace.aws, found))


def write(
    workspace: Workspace, execution: Execution, collected: Results, data_source: str | None = None
) -> ReportFiles:
    """Render into reports/<execution id>/ below the current folder, and upload under runs/<execution id>/report/.

    In a pull request, that is below pr/<number>/.
    `data_source` is the user's name of the data. A past execution has its URI only.
    """
    parameters = executions.parameters(workspace.aws.sagemaker, execution.arn)
    prefix = f"{workspace.settings.home}runs/{execution.id}/report/"
    run = _run(workspace, execution, collected, parameters, data_source)
    found = collected.search
    searched = Search.read(found.document(), "the search") if found else None
    run = replace(run, search=searched, links=_links(workspace, execution, f"{prefix}{_PAGE}"))
    built = Report.build(run, collected.evaluation, collected.preparation)
    folder = HOME / execution.id
    folder.mkdir(parents=True, exist_ok=True)
    page, comment = folder / _PAGE, folder / "report.md"
    page.write_text(html.render(built), encoding="utf-8")
    comment.write_text(markdown.render(built), encoding="utf-8")
    for path, content_type in ((page, "text/html"), (comment, "text/markdown")):
        workspace.aws.s3.put_object(
            Bucket=workspace.settings.bucket,
            Key=f"{prefix}{path.name}",
            Body=path.read_bytes(),
            ContentType=f"{content_type}; charset=utf-8",
        )
    return ReportFiles(page, comment, workspace.project.s3(prefix))


def _run(
    workspace: Workspace,
    execution: Execution,
    collected: Results,
    parameters: Mapping[str, str],
    data_source: str | None,
) -> Run:
    uri, sha256 = parameters.get("Data", ""), parameters.get("DataSha256", "")
    machines = {
        "Prepare": workspace.recipe.processing.instance_type,
        "Train": workspace.recipe.training.instance_type,
        "Evaluate": workspace.recipe.processing.instance_type,
        "Trial": workspace.recipe.processing.instance_type,
    }
    return Run(
        recipe=workspace.recipe.name,
        pipeline=workspace.pipeline,
        execution_arn=execution.arn,
        status=execution.status,
        steps=[
            Step(
                step.name,
                step.status,
                step.seconds,
                step.cache_hit,
                step.reason,
                instance_type=machines.get(step.name, ""),
            )
            for step in execution.steps
        ],
        reason=execution.reason,
        commit=parameters.get("Commit", ""),
        # A name may hold bytes that are no UTF-8, which no page can.
        data_source=os.fsencode(data_source).decode("utf-8", "backslashreplace") if data_source else uri,
        data_uri=uri,
        data_sha256=sha256,
        model_package_arn=collected.model_package_arn,
        approval=collected.approval or "",
        pull_request=workspace.settings.pull_request,
        started=execution.started,
        training=_training(workspace),
        changed=_changed(workspace, sha256),
        next_command=(
            next_step(collected.model_package_arn, collected.approval or "")
            if collected.model_package_arn
            else ""
        ),
        next_place=next_place(collected.approval or ""),
    )


def _changed(workspace: Workspace, data_sha256: str) -> dict[str, str]:
    """The changes that merging the pull request would bring; empty outside of a pull request."""
    if workspace.settings.pull_request is None:
        return {}
    sagemaker, group = workspace.aws.sagemaker, workspace.settings.model_package_group
    deployed = pipelines.deployed_definition(sagemaker, workspace.permanent_pipeline)
    merged = blueprint.of(workspace, workspace.project)
    current = champion.resolve(sagemaker, group, workspace.recipe.problem_name)
    return change_summary.describe(
        deployed, merged.definition, data_sha256, current.data_sha256 if current else None
    )


def _links(workspace: Workspace, execution: Execution, page: str) -> list[Link]:
    train = execution.step("Train")
    found = links.of_run(os.environ) | links.of_console(
        workspace.aws.s3.meta.endpoint_url,
        execution.arn,
        workspace.settings.bucket,
        page,
        train.job_name if train else None,
    )
    return [Link(text, url) for text, url in found.items()]


def _training(workspace: Workspace) -> dict[str, str]:
    """The algorithm and the hyperparameters that the recipe states."""
    training = workspace.recipe.training
    given = training.hyperparameters
    named = given if isinstance(given, Mapping) else given.model_dump(exclude_none=True)
    return {"algorithm": training.algorithm, **{name: str(value) for name, value in named.items()}}

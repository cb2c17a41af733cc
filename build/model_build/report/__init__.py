"""The report of an execution: one Markdown comment for the pull request, one HTML page with plots.

    report = Report.build(Run(...), evaluation, preparation)
    markdown.render(report), html.render(report)

Pure: no AWS, no files. The report is made from the steps' documents and the caller's `Run`.
"""

from model_build.report.model import Link, Report, Run, Step

__all__ = ["Link", "Report", "Run", "Step"]

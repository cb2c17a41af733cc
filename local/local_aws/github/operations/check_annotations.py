"""The annotations of a job's check: the errors and warnings that its steps printed.

https://docs.github.com/rest/checks/runs#list-check-run-annotations
"""

from __future__ import annotations

from local_aws.github import shapes
from local_aws.github.errors import not_found
from local_aws.github.http.call import Answer, Call
from local_aws.github.http.routing import Routes

ROUTES = Routes()
_LEVELS = {"error": "failure", "warning": "warning", "notice": "notice"}


@ROUTES.on("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations")
def of_check(call: Call) -> Answer:
    """A job's check has the job's id."""
    repository = call.repository("checks", "read")
    actions, wanted = call.state.actions, call["check_run_id"]
    runs = actions.runs(repository.full_name) if actions is not None else []
    job = next((job for run in runs for job in run.jobs.values() if str(job.id) == wanted), None)
    if job is None:
        raise not_found()
    home = shapes.repository_url(call.state.urls, repository)
    page, headers = call.page(job.annotations)
    shown = [
        {
            "path": ".github",
            "start_line": 1,
            "end_line": 1,
            "start_column": None,
            "end_column": None,
            "annotation_level": _LEVELS[level],
            "title": "",
            "message": message,
            "raw_details": "",
            "blob_href": f"{home}/blob/{job.run.event.commit}/.github",
        }
        for level, message in page
    ]
    return Answer(body=shown, headers=headers)

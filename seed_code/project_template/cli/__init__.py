"""`project-template`: publishes the SageMaker Projects template, creates projects from it, examines and deletes them.

What a command needs is imported when it is called: the CDK alone takes a second.
"""

from __future__ import annotations

from model_common.cli.command_line import application, start
from project_template.cli import checks, projects, publication

app = application(
    name="project-template",
    help="Publishes the SageMaker Projects template, creates projects from it, and says what is wrong with either.",
    epilog="Exit codes: 1 failed, 2 usage or configuration, 3 refused, or doctor found something broken, 4 rolled back, "
    "5 timed out.",
)

# Help lists the commands in this order.
app.command()(publication.publish)
app.command()(projects.create)
app.command()(projects.update)
app.command()(checks.doctor)
app.command()(projects.env)
app.command()(projects.teardown)
app.command()(checks.smoke)
app.command()(publication.seed)


def main() -> None:
    """The console script."""
    start(app)

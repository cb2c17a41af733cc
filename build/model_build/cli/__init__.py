"""`model-build`: from a recipe to a registered model, through a SageMaker pipeline.

What a command needs is imported when it is called, so that help and usage errors are fast.
"""

from __future__ import annotations

from model_build.cli import pull_requests, recipes, registry, training
from model_common.cli.command_line import application, start

app = application(
    name="model-build",
    help="Trains, evaluates, gates and registers a text classifier in a SageMaker pipeline.",
    epilog="Exit codes: 1 failed, 2 usage or configuration, 3 refused by the gate, 5 timed out.",
)

# Help lists the commands in this order.
app.command()(training.plan)
app.command("check-data")(recipes.check_data)
app.command("new-recipe")(recipes.new_recipe)
app.command()(training.run)
app.command()(training.report)
app.command()(training.status)
app.command()(training.logs)
app.command()(training.stop)
app.command()(registry.models)
app.command()(registry.approve)
app.command()(registry.reject)
app.command()(pull_requests.comment)
app.command()(pull_requests.clean)


def main() -> None:
    """The console script."""
    start(app)

"""Workflows of the embedded GitHub, run on this machine: the events, the queue and the runner of GitHub Actions.

    request, push ──> watch ──> events ──> triggers ──> engine ──> runs
                                                          │ per run: needs, `if`, concurrency, environments
                                                          └─ job ──> step ──> bash, or an equivalent of an action

Workflows are read and expressions evaluated by GitHub's own packages, in one Node.js process (`language`). A job gets a
folder of its own and an environment that holds nothing of the host; `run:` steps are bash. What the runner does not know,
an action, a trigger or a key, fails and is named. Reference: https://docs.github.com/actions/reference
"""

from local_aws.github.actions.engine import Actions
from local_aws.github.actions.errors import ActionsError, LanguageError
from local_aws.github.actions.machine import Machine
from local_aws.github.actions.runs import Job, Run, Step

__all__ = ["Actions", "ActionsError", "Job", "LanguageError", "Machine", "Run", "Step"]

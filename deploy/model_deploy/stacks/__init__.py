"""The endpoint stack, from a deployment to a template. The one place that imports the CDK.

`template` is the stack, made of `hosting` (Model, EndpointConfig, Endpoint), `alarms`, `scaling`, `api`, `entrance` (what
clients call) and `dashboard`. All are CloudFormation's own resources (the CDK's Cfn classes): the template reads as
it is written here, and nothing appears in it that nobody asked for.

**Literals, not parameters.** Every value of a deployment stands in the template: the package's ARN, the role, the
archive's key. A template is then the whole truth about a stack: GetTemplate shows what is live, its hash is the plan's
hash, an equal deployment is an equal template and therefore no change, and a change set names the property that changes
instead of a parameter that may mean anything. Parameters would only split that truth in two, and "use the previous
value" is a way to deploy what nobody named.

**No CDK command line, no bootstrap.** The archive is uploaded by the rollout, the template is sent as it is. Node, which
the CDK runs on, comes from PyPI.
"""

from __future__ import annotations

import threading
from functools import cache

from model_common.cdk import prepare
from model_deploy.core.deployment import Deployment

LARGEST_BYTES = 51_200
"""The largest template that CloudFormation takes without a detour through S3."""


def warm_up() -> None:
    """Begin to load the CDK, in a thread of its own: much of that is waiting for Node, and a command has calls to make."""
    loading = _loading()
    if loading.ident is None:
        loading.start()


def synthesise(deployment: Deployment) -> str:
    """The template of the deployment's endpoint stack, as JSON. Equal deployments give equal text.

    The first call in a process takes a second or two, since it starts Node; the first on a machine unpacks the CDK, which
    takes ten.
    """
    loading = _loading()
    if loading.ident is not None:
        loading.join()
    prepare()
    from model_deploy.stacks.template import render

    return render(deployment)


@cache
def _loading() -> threading.Thread:
    """The one thread that loads the CDK in this process."""
    return threading.Thread(target=_load, name="loading the CDK")


def _load() -> None:
    prepare()
    from model_deploy.stacks import template  # noqa: F401

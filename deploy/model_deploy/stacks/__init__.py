"""The endpoint stack, from a deployment to a template. The one place that imports the CDK.

`template` is the stack, made of `hosting` (Model, EndpointConfig, Endpoint), `alarms`, `scaling`, `api`, `api_url` (what
clients call) and `dashboard`. All are CloudFormation's own resources (the CDK's Cfn classes), so the template holds
what is written here and nothing else.

**Literals, not parameters.** The template holds every value of a deployment: the package's ARN, the role, the
archive's key. So GetTemplate shows what is live, the template's hash is the plan's hash, equal deployments have equal
templates and need no update, and a change set names the property that changes. Parameters would keep a part of the
deployment outside the template, and "use the previous value" could deploy a value that no command names.

**No CDK command line, no bootstrap.** The archive is uploaded by the rollout, the template is sent as it is. Node, which
the CDK runs on, comes from PyPI.
"""

from __future__ import annotations

import threading
from functools import cache

from model_common.cdk import prepare
from model_deploy.core.plan.deployment import Deployment

LARGEST_BYTES = 51_200
"""The largest template in a request to CloudFormation, in bytes. A larger one is uploaded to S3."""


def warm_up() -> None:
    """Start to load the CDK in a thread. Most of that is waiting for Node, while the command makes its calls."""
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
    """The thread that loads the CDK in this process."""
    return threading.Thread(target=_load, name="loading the CDK")


def _load() -> None:
    prepare()
    from model_deploy.stacks import template  # noqa: F401

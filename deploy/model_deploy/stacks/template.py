"""The endpoint stack of one stage."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from model_deploy.core.plan.deployment import Deployment
from model_deploy.stacks import alarms, api, dashboard, hosting, scaling


class EndpointStack(cdk.Stack):
    """All resources of one stage, for one model package."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(
            scope,
            deployment.stack_name,
            description=f"The {deployment.stage.name} endpoint of {deployment.project_name}, deployed by model-deploy",
            synthesizer=cdk.LegacyStackSynthesizer(),
        )
        raised = alarms.add(self, deployment)
        endpoint = hosting.add(self, deployment, raised)
        scaling.add(self, deployment, endpoint)
        url = api.add(self, deployment, endpoint)
        dashboard.add(self, deployment)
        cdk.CfnOutput(self, "EndpointName", value=deployment.endpoint_name)
        cdk.CfnOutput(self, "ModelPackageArn", value=deployment.model_package_arn)
        if url is not None:
            cdk.CfnOutput(self, "ApiUrl", value=url, description="Where to POST /classify")
        for key, value in deployment.tags.items():
            cdk.Tags.of(self).add(key, value)


def render(deployment: Deployment) -> str:
    """The template as JSON with sorted keys and a final newline."""
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder, analytics_reporting=False)
        stack = EndpointStack(app, deployment)
        app.synth()
        template = json.loads(Path(folder, stack.template_file).read_text(encoding="utf-8"))
    return json.dumps(template, indent=1, sort_keys=True) + "\n"

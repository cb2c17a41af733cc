"""From stacks to text."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import yaml

from project_template.stacks.project import ProjectStack
from project_template.stacks.publication import PublicationStack
from project_template.stacks.publication_values import Publication, PublicationSettings


def project_template(publication: Publication) -> str:
    """The template of a project as YAML."""
    return _rendered(lambda app: ProjectStack(app, "Project", publication))


def publication_template(settings: PublicationSettings) -> str:
    """The template of the publication's own stack as YAML."""
    return _rendered(lambda app: PublicationStack(app, "Publication", settings))


_ORDER = (
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Conditions",
    "Resources",
    "Outputs",
)


class _Dumper(yaml.SafeDumper):
    """Writes no anchors: what stands twice is written twice, since CloudFormation reads YAML 1.1 without them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _rendered(build: Callable[[cdk.App], cdk.Stack]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder, analytics_reporting=False)
        stack = build(app)
        app.synth()
        template = json.loads(Path(folder, stack.template_file).read_text(encoding="utf-8"))
    template["AWSTemplateFormatVersion"] = "2010-09-09"
    ordered = {key: template[key] for key in _ORDER if key in template}
    return yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)

"""Who runs the command."""

from __future__ import annotations

from collections.abc import Mapping

from model_deploy.aws.clients import Aws


def who(aws: Aws, environment: Mapping[str, str]) -> str:
    """GitHub's actor (GITHUB_ACTOR), else the role or user of the credentials."""
    actor = environment.get("GITHUB_ACTOR", "").strip()
    return f"{actor} (GitHub)" if actor else aws.sts.get_caller_identity()["Arn"]

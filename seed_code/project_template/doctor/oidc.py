"""GitHub's OIDC provider in the account: workflows sign in to AWS through it."""

from __future__ import annotations

from botocore.exceptions import ClientError

from model_common.aws.errors import is_missing
from project_template.account import publication
from project_template.aws.clients import Aws
from project_template.doctor.finding import Finding, fail, ok

AUDIENCE = "sts.amazonaws.com"
_CHECK = "OIDC provider"


def provider(aws: Aws, issuer: str, arn: str) -> Finding:
    """The provider that was published, else the account's own for `issuer`, takes tokens for AWS."""
    wanted = arn or publication.oidc_provider(aws, issuer)
    again = "Run `project-template publish` again: it makes the provider where the account has none."
    if not wanted:
        return fail(_CHECK, f"the account has none for {issuer}", again)
    try:
        found = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=wanted)
    except ClientError as error:
        if not is_missing(error):
            raise
        return fail(_CHECK, f"{wanted} is not there", again)
    if AUDIENCE not in found.get("ClientIDList", []):
        return fail(
            _CHECK,
            f"{wanted} does not take tokens for {AUDIENCE}",
            f"aws iam add-client-id-to-open-id-connect-provider --client-id {AUDIENCE} --open-id-connect-provider-arn {wanted}",
        )
    return ok(_CHECK, f"{wanted} takes tokens for {AUDIENCE}")

"""The caller in SageMaker's descriptions: always the account itself."""

from typing import Any

from local_aws.kernel.account import ACCOUNT_ID

USER_CONTEXT: dict[str, Any] = {
    "IamIdentity": {"Arn": f"arn:aws:iam::{ACCOUNT_ID}:root", "PrincipalId": ACCOUNT_ID}
}
"""The API's UserContext, for CreatedBy and LastModifiedBy."""

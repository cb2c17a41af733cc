"""aws-actions/configure-aws-credentials: a role's session for the job's OIDC token, from the embedded STS.

https://github.com/aws-actions/configure-aws-credentials
"""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.github.actions.equivalents.call import ActionCall
from local_aws.github.actions.errors import StepFailed

INPUTS: Mapping[str, str | None] = {
    "role-to-assume": None,
    "role-session-name": "GitHubActions",
    "role-duration-seconds": "3600",
    "aws-region": None,
    "audience": "sts.amazonaws.com",
}


def run(call: ActionCall) -> Mapping[str, str]:
    """Sets AWS_REGION, the address of the embedded AWS and the keys of the session for the steps that follow. STS judges the role's trust policy.

    Raises StepFailed.
    """
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.exceptions import ClientError

    region, role = call.required("aws-region"), call.required("role-to-assume")
    token = call.oidc_token(call.inputs["audience"])
    if token is None:
        raise StepFailed(
            "Credentials could not be loaded, please check your action inputs: Could not load credentials from any "
            "providers. It looks like you might be trying to authenticate with OIDC. Did you mean to set the "
            "`id-token` permission? If you are not trying to authenticate with OIDC and the action is working "
            "successfully, you can ignore this message."
        )
    if call.machine.aws_url is None:
        raise StepFailed("The embedded runner knows no AWS: its machine has no `aws_url`.")
    call.mask(token)
    session = boto3.session.Session(region_name=region)
    config = Config(signature_version=UNSIGNED, proxies={}, retries={"max_attempts": 3})
    sts = session.client("sts", endpoint_url=call.machine.aws_url, config=config)
    call.say(f"Assuming role with OIDC: {role}")
    try:
        answer = sts.assume_role_with_web_identity(
            RoleArn=role,
            RoleSessionName=call.inputs["role-session-name"],
            WebIdentityToken=token,
            DurationSeconds=int(call.inputs["role-duration-seconds"]),
        )
    except ClientError as error:
        message = error.response.get("Error", {}).get("Message", str(error))
        raise StepFailed(f"Could not assume role with OIDC: {message}") from error
    keys = answer["Credentials"]
    for secret in ("SecretAccessKey", "SessionToken", "AccessKeyId"):
        call.mask(keys[secret])
    call.environment |= {
        "AWS_ENDPOINT_URL": call.machine.aws_url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    call.say(f"Authenticated as assumedRoleId {answer['AssumedRoleUser']['AssumedRoleId']}")
    return {"aws-account-id": role.split(":")[4]}

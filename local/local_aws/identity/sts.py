"""STS: who may have a session of a role, by the role's trust policy, and who somebody is.

After https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html and API_AssumeRole.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from local_aws.identity import roles, trust
from local_aws.identity.actions import condition_keys
from local_aws.identity.policies import permissions, policy
from local_aws.identity.policies.policy import Policy
from local_aws.identity.trust import Principal
from local_aws.identity.web_identity import Claims, Fetch, fetch, invalid, verified
from local_aws.kernel import caller
from local_aws.kernel.account import ACCOUNT_ID, Account
from local_aws.kernel.sessions import Session
from local_aws.kernel.wire import ServiceError

DEFAULT_SECONDS = 3600
CHAINED_SECONDS = 3600
"""The longest session that a session of another role can have."""

GITHUB = "token.actions.githubusercontent.com"
GITHUB_ISSUER = "/_github/oidc"
"""Where the embedded GitHub's issuer is, which stands for GITHUB."""

_ROOT = f"arn:aws:iam::{ACCOUNT_ID}:root"


@dataclass(frozen=True)
class Role:
    """A role that somebody wants to assume."""

    arn: str
    id: str
    longest: int
    trust: Policy


class Sts:
    """AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity.

    `issuers` says for which identity provider the issuer of a token stands: see `web_identity.verified`.
    """

    def __init__(
        self, account: Account, issuers: Mapping[str, str] | None = None, get: Fetch = fetch
    ) -> None:
        self._account = account
        self._issuers = issuers or {f"{account.endpoint_url}{GITHUB_ISSUER}": GITHUB}
        self._get = get

    def get_caller_identity(self, request: dict[str, Any]) -> dict[str, Any]:
        """The account, ARN and user id of the caller.

        Source: AWS STS API reference, GetCallerIdentity.
        """
        session = caller.current()
        if session is None:
            return {"UserId": ACCOUNT_ID, "Account": ACCOUNT_ID, "Arn": _ROOT}
        return {
            "UserId": f"{self._role_id(session.role_arn)}:{session.name}",
            "Account": session.role_arn.split(":")[4],
            "Arn": session.arn,
        }

    def assume_role(self, request: dict[str, Any]) -> dict[str, Any]:
        """Temporary credentials of a role whose trust policy allows the caller.

        Raises AccessDenied, ValidationError. Source: AWS STS API reference, AssumeRole.
        """
        _refuse_absent(request)
        session, arn = caller.current(), request["RoleArn"]
        role = self._find(arn)
        who = session.arn if session else _ROOT
        asking = session.role_arn if session else _ROOT
        context = {
            **condition_keys.of_everyone(asking, self._account.region, "sts"),
            **self._principal_tags(session),
            "sts:RoleSessionName": (request["RoleSessionName"],),
        }
        if "ExternalId" in request:
            context["sts:ExternalId"] = (request["ExternalId"],)
        if role is None or not self._may_assume(role, session, context):
            raise _denied(f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}")
        if session and request.get("DurationSeconds", DEFAULT_SECONDS) > CHAINED_SECONDS:
            raise ServiceError(
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            )
        return self._session(role, request)

    def assume_role_with_web_identity(self, request: dict[str, Any]) -> dict[str, Any]:
        """Temporary credentials of a role whose trust policy allows the token's claims.

        Raises AccessDenied, ExpiredTokenException, InvalidIdentityToken, ValidationError. Source: AWS STS API reference, AssumeRoleWithWebIdentity.
        """
        _refuse_absent(request)
        claims = verified(request["WebIdentityToken"], self._issuers, self._get)
        provider = self._provider(claims)
        role = self._find(request["RoleArn"])
        context = {**claims.context, "sts:RoleSessionName": (request["RoleSessionName"],)}
        context["aws:FederatedProvider"] = (provider,)
        action = "sts:AssumeRoleWithWebIdentity"
        principal = Principal("Federated", frozenset({provider, claims.provider}))
        if role is None or not trust.decide(role.trust, principal, action, role.arn, context).trusted:
            raise _denied(f"Not authorized to perform {action}")
        more = {
            "SubjectFromWebIdentityToken": claims.subject,
            "Audience": claims.audiences[0],
            "Provider": provider,
        }
        return {**self._session(role, request), **more}

    def _provider(self, claims: Claims) -> str:
        """The ARN of the token's provider in IAM. Raises ServiceError where there is none, or not for its audience."""
        arn = f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/{claims.provider}"
        try:
            found = self._account.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        except ClientError as error:
            raise invalid(
                f"No OpenIDConnect provider found in your account for https://{claims.provider}"
            ) from error
        if not set(claims.audiences) & set(found.get("ClientIDList", ())):
            raise invalid("Incorrect token audience")
        return arn

    def _find(self, arn: str) -> Role | None:
        try:
            found = self._account.client("iam").get_role(RoleName=arn.rpartition("/")[2])["Role"]
        except ClientError:
            return None
        if found["Arn"] != arn:
            return None
        document = Policy.parse(f"trust policy of {arn}", found["AssumeRolePolicyDocument"])
        return Role(arn, found["RoleId"], found.get("MaxSessionDuration", DEFAULT_SECONDS), document)

    def _principal_tags(self, session: Session | None) -> dict[str, tuple[str, ...]]:
        if session is None:
            return {}
        tags = roles.policies_of(self._account.client("iam"), session.role_arn).tags
        return {f"aws:PrincipalTag/{key}": (value,) for key, value in tags.items()}

    def _role_id(self, arn: str) -> str:
        role = self._find(arn)
        return role.id if role else "AROAUNKNOWN"

    def _may_assume(
        self, role: Role, session: Session | None, context: Mapping[str, tuple[str, ...]]
    ) -> bool:
        """Whether the trust policy names the caller, or their account, whose own policies then have to allow it."""
        names = {ACCOUNT_ID, _ROOT} | ({session.arn, session.role_arn} if session else set())
        principal = Principal("AWS", frozenset(names))
        verdict = trust.decide(role.trust, principal, "sts:AssumeRole", role.arn, context)
        if not verdict.trusted or session is None or not verdict.by_account:
            return verdict.trusted
        held = roles.policies_of(self._account.client("iam"), session.role_arn)
        asked = permissions.request_of(
            session.role_arn, held, "sts:AssumeRole", role.arn, dict(context), self._account.region
        )
        return policy.decide(asked, held).allowed

    def _session(self, role: Role, request: Mapping[str, Any]) -> dict[str, Any]:
        seconds = request.get("DurationSeconds", DEFAULT_SECONDS)
        if seconds > role.longest:
            raise ServiceError(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            )
        made = self._account.sessions.issue(role.arn, request["RoleSessionName"], timedelta(seconds=seconds))
        return {
            "Credentials": {
                "AccessKeyId": made.access_key,
                "SecretAccessKey": made.secret_key,
                "SessionToken": made.token,
                "Expiration": made.expiration,
            },
            "AssumedRoleUser": {"AssumedRoleId": f"{role.id}:{made.name}", "Arn": made.arn},
        }


def handlers(account: Account) -> list[object]:
    """The handlers of STS."""
    return [Sts(account)]


def _refuse_absent(request: Mapping[str, Any]) -> None:
    """Raises ServiceError for what would change what the session may do, and cannot here."""
    for name in ("Policy", "PolicyArns", "SerialNumber", "SourceIdentity"):
        if request.get(name):
            raise ServiceError("ValidationError", f"The embedded STS does not have {name}: leave it out.")


def _denied(message: str) -> ServiceError:
    return ServiceError("AccessDenied", message, 403)

"""The principals of trust policies and of resources' policies: each has to exist, where it is of this account.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html. Whether those of other accounts
exist nobody can tell here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from local_aws.kernel.account import ACCOUNT_ID

_ACCOUNT = re.compile(r"\d{12}|arn:aws:iam::\d{12}:root")
_IAM = re.compile(r"arn:aws:iam::(?P<account>\d{12}):(?P<kind>role|user)/(?P<name>[^*?]+)")
_SESSION = re.compile(r"arn:aws:sts::(?P<account>\d{12}):assumed-role/(?P<name>[^/*?]+)/[^*?]+")
_OTHER_SESSION = re.compile(r"arn:aws:sts::\d{12}:(federated-user|self)(/[^*?]+)?")
_UNIQUE_ID = re.compile(r"A(ROA|IDA)[A-Z0-9]{16,}")
_SERVICE = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)")
_FEDERATED = re.compile(r"arn:aws:iam::\d{12}:(oidc|saml)-provider/[^*?]+|[a-z0-9-]+(\.[a-z0-9-]+)+")


class Principals:
    """Finds principals that do not exist. `iam` is a boto3 client that nobody refuses."""

    def __init__(self, iam: Any) -> None:
        self._iam = iam

    def invalid(self, document: str) -> Iterator[str]:
        """The principals of a policy, whose form is right, that are none: `"AWS":"arn:..."`, as IAM names them."""
        statements = json.loads(document)["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            stated = statement.get("Principal", statement.get("NotPrincipal"))
            for kind, values in stated.items() if isinstance(stated, Mapping) else ():
                for value in [values] if isinstance(values, str) else values:
                    if not self._exists(kind, value):
                        yield f'"{kind}":"{value}"'

    def _exists(self, kind: str, value: str) -> bool:
        if value == "*":
            return True
        match kind:
            case "Service":
                return _SERVICE.fullmatch(value) is not None
            case "Federated":
                return _FEDERATED.fullmatch(value) is not None
            case "AWS":
                return self._is_known(value)
        return True

    def _is_known(self, value: str) -> bool:
        if _ACCOUNT.fullmatch(value) or _OTHER_SESSION.fullmatch(value) or _UNIQUE_ID.fullmatch(value):
            return True
        if found := _SESSION.fullmatch(value):
            return found["account"] != ACCOUNT_ID or self._find("role", found["name"]) is not None
        if found := _IAM.fullmatch(value):
            name = found["name"].rpartition("/")[2]
            return found["account"] != ACCOUNT_ID or self._find(found["kind"], name) == value
        return False

    def _find(self, kind: str, name: str) -> str | None:
        """The ARN of the role or user of that name."""
        try:
            if kind == "role":
                return str(self._iam.get_role(RoleName=name)["Role"]["Arn"])
            return str(self._iam.get_user(UserName=name)["User"]["Arn"])
        except ClientError:
            return None

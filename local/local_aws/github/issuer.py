"""GitHub's OIDC issuer: its documents, and the tokens that a job of a workflow would get.

https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from werkzeug.wrappers import Request, Response

from local_aws.github import oidc_subjects
from local_aws.github.records import Repository, User
from local_aws.github.state import Urls

AUDIENCE = "sts.amazonaws.com"
_LIFETIME = 300
_CLAIMS = [
    "sub aud exp iat iss jti nbf ref sha repository repository_id repository_owner repository_owner_id",
    "enterprise enterprise_id run_id run_number run_attempt actor actor_id workflow workflow_ref workflow_sha",
    "head_ref base_ref event_name ref_type ref_protected environment environment_node_id job_workflow_ref",
    "job_workflow_sha repository_visibility runner_environment issuer_scope check_run_id",
]


class Issuer:
    """Signs with a key of its own, made when it is first needed."""

    def __init__(self, urls: Urls) -> None:
        self.url = urls.oidc
        self._lock = threading.Lock()
        self._key: rsa.RSAPrivateKey | None = None
        self._key_id = secrets.token_hex(16)
        self._jobs: dict[str, Callable[[str], str | None]] = {}

    def offer(self, ask: Callable[[str], str | None]) -> dict[str, str]:
        """The variables by which the steps of a job get tokens, which `ask` makes for an audience.

        https://docs.github.com/actions/reference/security/oidc
        """
        key = secrets.token_urlsafe(32)
        self._jobs[key] = ask
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": key,
        }

    def withdraw(self, offered: Mapping[str, str]) -> None:
        """The job has ended: its key is good for nothing any more."""
        self._jobs.pop(offered.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", ""), None)

    def respond(self, request: Request, path: str) -> Response:
        """Answer a request for one of the issuer's documents."""
        match path:
            case ".well-known/openid-configuration":
                body: dict[str, Any] = self.configuration()
            case ".well-known/jwks":
                body = self.keys()
            case "token":
                key = request.headers.get("Authorization", "").partition(" ")[2]
                ask = self._jobs.get(key)
                value = None if ask is None else ask(request.args.get("audience", AUDIENCE))
                if value is None:
                    return Response("Unauthorized", status=401)
                body = {"count": len(value), "value": value}
            case _:
                return Response("Not Found", status=404)
        return Response(json.dumps(body), content_type="application/json; charset=utf-8")

    def configuration(self) -> dict[str, Any]:
        """The OpenID Connect discovery document."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks",
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "claims_supported": " ".join(_CLAIMS).split(),
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        }

    def keys(self) -> dict[str, Any]:
        """The JSON web key set that tokens are checked against."""
        numbers = self._signing_key().public_key().public_numbers()
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self._key_id}
        return {"keys": [key | {"n": _number(numbers.n), "e": _number(numbers.e)}]}

    def token(self, claims: Mapping[str, Any]) -> str:
        """A signed token of these claims, five minutes good, plus issuer, times and id where they are not given."""
        now = int(time.time())
        stated = {
            "iss": self.url,
            "iat": now,
            "nbf": now - 60,
            "exp": now + _LIFETIME,
            "jti": secrets.token_hex(16),
        }
        header = {"typ": "JWT", "alg": "RS256", "kid": self._key_id}
        parts = [_encoded(json.dumps(part).encode()) for part in (header, stated | dict(claims))]
        signed = ".".join(parts)
        signature = self._signing_key().sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_encoded(signature)}"

    def _signing_key(self) -> rsa.RSAPrivateKey:
        with self._lock:
            if self._key is None:
                self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            return self._key


def job_claims(
    repository: Repository,
    actor: User,
    event: str,
    ref: str,
    environment: str | None,
    workflow: str,
    *,
    sha: str = "",
    workflow_name: str = "",
    run_id: int = 0,
    run_number: int = 1,
    run_attempt: int = 1,
    head_ref: str = "",
    base_ref: str = "",
) -> dict[str, Any]:
    """The claims of a job's token. `ref` is a full one; a job with an environment has that as its context.

    `workflow` is the name of its file, `sha` the commit of the ref where none is given, `run_id` 0 any.
    """
    context = f"environment:{environment}" if environment else f"ref:{ref}"
    if not environment and event.startswith("pull_request"):
        context = "pull_request"
    kind, owner = ("tag" if ref.startswith("refs/tags/") else "branch"), repository.owner
    sha = sha or repository.git.ref(ref) or ""
    workflow_ref = f"{repository.full_name}/.github/workflows/{workflow}@{ref}"
    claims = {
        "aud": AUDIENCE,
        "ref": ref,
        "ref_type": kind,
        "ref_protected": str(ref.removeprefix("refs/heads/") in repository.protection).lower(),
        "sha": sha,
        "repository": repository.full_name,
        "repository_id": str(repository.id),
        "repository_owner": owner.login,
        "repository_owner_id": str(owner.id),
        "repository_visibility": repository.visibility,
        "actor": actor.login,
        "actor_id": str(actor.id),
        "event_name": event,
        "head_ref": head_ref,
        "base_ref": base_ref,
        "workflow": workflow_name or workflow.rpartition(".")[0] or workflow,
        "workflow_ref": workflow_ref,
        "workflow_sha": sha,
        "job_workflow_ref": workflow_ref,
        "job_workflow_sha": sha,
        "run_id": str(run_id or secrets.randbelow(10**10)),
        "run_number": str(run_number),
        "run_attempt": str(run_attempt),
        "runner_environment": "github-hosted",
    } | ({"environment": environment} if environment else {})
    return claims | {"sub": oidc_subjects.subject(repository, context, claims)}


def _number(number: int) -> str:
    return _encoded(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

"""The templates of the subject in a repository's OIDC tokens.

https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

import re

from local_aws.github import oidc_subjects
from local_aws.github.access import missing_permission
from local_aws.github.errors import forbidden, not_found, unprocessable
from local_aws.github.http.call import Answer, Call, checked
from local_aws.github.http.routing import Routes
from local_aws.github.records import Organization, SubjectTemplate
from local_aws.github.shapes import is_member

ROUTES = Routes()
_KEY = re.compile(r"[A-Za-z0-9_]+")


@ROUTES.on("GET", "/repos/{owner}/{repo}/actions/oidc/customization/sub")
def repository_template(call: Call) -> Answer:
    repository = call.repository("actions", "read")
    template = repository.subject
    listed = {} if template.use_default else {"include_claim_keys": template.claim_keys or []}
    return Answer(
        body={
            "use_default": template.use_default,
            **listed,
            "use_immutable_subject": oidc_subjects.immutable(repository),
            "sub_claim_prefix": oidc_subjects.prefix(repository),
        }
    )


@ROUTES.on("PUT", "/repos/{owner}/{repo}/actions/oidc/customization/sub")
def set_repository_template(call: Call) -> Answer:
    repository = call.repository("actions", "write")
    use_default = call.required("use_default", bool)
    keys = _keys(call) if not use_default and call.states("include_claim_keys") else None
    immutable = call.optional("use_immutable_subject", bool, repository.subject.immutable)
    repository.subject = SubjectTemplate(use_default, keys, immutable)
    return Answer(201, {})


@ROUTES.on("GET", "/orgs/{org}/actions/oidc/customization/sub")
def organization_template(call: Call) -> Answer:
    owner = _organization(call, "read")
    keys = {"include_claim_keys": owner.claim_keys, "use_immutable_subject": owner.immutable_subjects}
    return Answer(body=keys)


@ROUTES.on("PUT", "/orgs/{org}/actions/oidc/customization/sub")
def set_organization_template(call: Call) -> Answer:
    owner = _organization(call, "write")
    if call.states("include_claim_keys"):
        owner.claim_keys = _keys(call)
    owner.immutable_subjects = call.optional("use_immutable_subject", bool, owner.immutable_subjects)
    return Answer(201, {})


def _organization(call: Call, level: str) -> Organization:
    owner, token = call.state.organization(call["org"]), call.token
    if owner is None or not is_member(token, owner):
        raise not_found()
    if not token.grants("organization_administration", level):
        raise missing_permission(token, "organization_administration", level)
    if token.installation is None and level == "write" and owner.members[token.user.login.lower()] != "admin":
        raise forbidden("Must be an organization owner.")
    return owner


def _keys(call: Call) -> list[str]:
    keys = [checked("include_claim_keys", key, str) for key in call.required("include_claim_keys", list)]
    if len(set(keys)) != len(keys) or any(not _KEY.fullmatch(key) for key in keys):
        raise unprocessable(
            "Validation Failed", "include_claim_keys must be unique, of letters, digits and underscores"
        )
    return keys

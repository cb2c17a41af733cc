"""OIDC tokens of workflows: signed by the issuer's published key, with the subject that GitHub would write."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from local_aws.github.issuer import Issuer
from local_aws.github.state import Urls


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.fixture
def verified(world):
    """The claims of a token whose signature the published keys confirm."""

    def verified(token):
        issuer = world.github.issuer_url
        configuration = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=5).json()
        assert configuration["issuer"] == issuer
        (key,) = requests.get(configuration["jwks_uri"], timeout=5).json()["keys"]
        head, claims, signature = token.split(".")
        assert json.loads(decoded(head))["kid"] == key["kid"]
        numbers = (int.from_bytes(decoded(key[name]), "big") for name in ("e", "n"))
        public = rsa.RSAPublicNumbers(*numbers).public_key()
        public.verify(decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), SHA256())
        stated = json.loads(decoded(claims))
        assert set(stated) <= set(configuration["claims_supported"])
        return stated

    return verified


def test_the_subject_follows_what_the_job_is(world, verified):
    path = world.repository()
    prefix = world.api.ok("GET", f"{path}/actions/oidc/customization/sub")["sub_claim_prefix"]
    for job, context in (
        ({}, "ref:refs/heads/main"),
        ({"ref": "refs/tags/v1"}, "ref:refs/tags/v1"),
        ({"environment": "production"}, "environment:production"),
        ({"event": "pull_request"}, "pull_request"),
        ({"event": "pull_request", "environment": "staging"}, "environment:staging"),
    ):
        assert verified(world.github.oidc_token("acme/app", **job))["sub"] == f"{prefix}:{context}"


def test_the_claims_name_repository_owner_and_workflow(world, verified):
    world.repository()
    repository = world.github.repository("acme/app")
    claims = verified(world.github.oidc_token("acme/app", environment="staging", workflow="deploy.yml"))
    assert claims["iss"] == world.github.issuer_url
    assert claims["aud"] == "sts.amazonaws.com"
    assert (claims["repository"], claims["repository_id"]) == ("acme/app", str(repository.id))
    assert claims["repository_owner_id"] == str(repository.owner.id)
    assert claims["job_workflow_ref"] == "acme/app/.github/workflows/deploy.yml@refs/heads/main"
    assert (claims["environment"], claims["ref"], claims["event_name"]) == (
        "staging",
        "refs/heads/main",
        "push",
    )
    assert claims["sha"] == world.sha("/repos/acme/app")
    assert claims["nbf"] <= claims["iat"] < claims["exp"]


def test_classic_subjects_and_templates(world, verified):
    world.github.add_organization("old", "team", members=["octo"], immutable_subjects=False)
    path = world.repository(owner="old")
    assert verified(world.github.oidc_token("old/app"))["sub"] == "repo:old/app:ref:refs/heads/main"
    template = {"use_default": False, "include_claim_keys": ["repository_id", "context"]}
    world.api.ok("PUT", f"{path}/actions/oidc/customization/sub", template)
    identity = world.github.repository("old/app").id
    subject = verified(world.github.oidc_token("old/app"))["sub"]
    assert subject == f"repository_id:{identity}:ref:refs/heads/main"


def test_claims_can_be_forged_for_tests_of_refusals(world, verified):
    world.repository()
    claims = verified(world.github.oidc_token("acme/app", audience="elsewhere", repository_id="1"))
    assert (claims["aud"], claims["repository_id"]) == ("elsewhere", "1")


def test_jobs_that_ask_at_once_get_tokens_of_one_key():
    issuer = Issuer(Urls("http://127.0.0.1:1/_github"))
    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(lambda _: issuer.keys()["keys"][0]["n"], range(4)))
    assert len(set(keys)) == 1

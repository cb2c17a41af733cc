"""AssumeRoleWithWebIdentity: tokens of a provider, and trust policies as the project's template has them."""

import base64
import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from local_aws.identity.sts import GITHUB, Sts
from local_aws.identity.web_identity import verified
from local_aws.kernel.wire import ServiceError

ACCOUNT = "arn:aws:iam::123456789012"
PROVIDER = f"{ACCOUNT}:oidc-provider/{GITHUB}"
SUBJECT = "repo:shop@1/build@2:ref:refs/heads/main"


def text(number):
    return (
        base64.urlsafe_b64encode(number.to_bytes(-(-number.bit_length() // 8), "big")).rstrip(b"=").decode()
    )


class Issuer:
    """An OpenID Connect provider on this machine."""

    def __init__(self):
        self.key = rsa.generate_private_key(65537, 2048)
        numbers = self.key.public_key().public_numbers()
        jwk = {"kty": "RSA", "kid": "k1", "alg": "RS256", "n": text(numbers.n), "e": text(numbers.e)}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                found = {
                    "/.well-known/openid-configuration": {"jwks_uri": f"{issuer.url}/jwks"},
                    "/jwks": {"keys": [jwk]},
                }.get(self.path)
                self.send_response(200 if found else 404)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def log_message(self, *_):
                """Requests are no news."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def token(self, key=None, header=(), **claims):
        now = int(time.time())
        stated = {
            "iss": self.url,
            "aud": "sts.amazonaws.com",
            "sub": SUBJECT,
            "repository": "shop/build",
            "iat": now,
            "nbf": now - 5,
            "exp": now + 300,
        } | claims
        head = {"alg": "RS256", "kid": "k1", "typ": "JWT"} | dict(header)
        signed = ".".join(
            base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode()
            for each in (head, stated)
        )
        signature = (key or self.key).sign(signed.encode(), PKCS1v15(), SHA256())
        return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    def close(self):
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture(scope="module")
def issuer():
    made = Issuer()
    yield made
    made.close()


@pytest.fixture
def provider(aws):
    iam = aws.client("iam")
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_open_id_connect_provider(Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"])


@pytest.fixture
def sts(aws, issuer, provider):
    """STS for which the issuer stands for GitHub's."""
    return Sts(aws.server.account, {issuer.url: GITHUB})


@pytest.fixture
def trust(roles):
    """Makes trust policies as the project's template has them."""

    def trust(**more):
        equals = {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:sub": SUBJECT}
        return roles.trusting(
            {"Federated": PROVIDER}, "sts:AssumeRoleWithWebIdentity", StringEquals={**equals, **more}
        )

    return trust


def assume(sts, arn, token, **more):
    return sts.assume_role_with_web_identity(
        {"RoleArn": arn, "RoleSessionName": "run", "WebIdentityToken": token, **more}
    )


def test_a_token_with_the_trusted_subject_gets_a_session(aws, sts, issuer, roles, trust):
    arn = roles.make(("s3:*", "*"), trust=trust())
    answer = assume(sts, arn, issuer.token())
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert (answer["Audience"], answer["Provider"]) == ("sts.amazonaws.com", PROVIDER)
    assert roles.client_with(answer["Credentials"], "sts").get_caller_identity()["Arn"].endswith("/run")


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "repo:shop@1/build@2:pull_request"},
        {"sub": SUBJECT.upper()},
        {"sub": "repo:shop@1/other@3:ref:refs/heads/main"},
        {"repository": "shop/other"},
    ],
)
def test_another_subject_or_repository_is_denied(sts, issuer, roles, claims, trust):
    arn = roles.make(trust=trust(**{f"{GITHUB}:repository": "shop/build"}))
    with pytest.raises(
        ServiceError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"
    ) as refused:
        assume(sts, arn, issuer.token(**claims))
    assert (refused.value.code, refused.value.status) == ("AccessDenied", 403)


def test_a_role_for_another_kind_of_caller_is_denied(sts, issuer, roles):
    for arn in (
        roles.make(),
        roles.make(trust=roles.trusting({"Federated": PROVIDER})),
        f"{ACCOUNT}:role/nobody",
    ):
        with pytest.raises(ServiceError) as refused:
            assume(sts, arn, issuer.token())
        assert refused.value.code == "AccessDenied"


@pytest.mark.parametrize(
    ("claims", "code", "says"),
    [
        ({"aud": "other"}, "InvalidIdentityToken", "Incorrect token audience"),
        ({"aud": ["other", "one more"]}, "InvalidIdentityToken", "Incorrect token audience"),
        ({"exp": -1}, "ExpiredTokenException", "Token expired: current date/time"),
        ({"exp": "soon"}, "InvalidIdentityToken", "required claim: exp"),
        ({"nbf": 900}, "InvalidIdentityToken", "not valid before"),
        ({"iss": "https://elsewhere.example"}, "InvalidIdentityToken", "Couldn't retrieve verification key"),
    ],
)
def test_a_token_that_is_not_good_is_refused_before_any_trust_policy(
    sts, issuer, roles, claims, code, says, trust
):
    # Numbers are seconds from now: the tests are collected long before the last of them runs.
    now = int(time.time())
    stated = {name: now + value if isinstance(value, int) else value for name, value in claims.items()}
    with pytest.raises(ServiceError, match=says) as refused:
        assume(sts, roles.make(trust=trust()), issuer.token(**stated))
    assert refused.value.code == code


def test_a_token_that_somebody_else_signed_is_refused(issuer):
    forged = issuer.token(key=rsa.generate_private_key(65537, 2048))
    with pytest.raises(ServiceError, match="signature of the ID Token"):
        verified(forged, {issuer.url: GITHUB})
    for header in ({"alg": "none"}, {"alg": "HS256"}):
        with pytest.raises(ServiceError, match="has to be by RS256"):
            verified(issuer.token(header=header), {issuer.url: GITHUB})
    with pytest.raises(ServiceError, match="Couldn't retrieve verification key"):
        verified(issuer.token(header={"kid": "other"}), {issuer.url: GITHUB})
    for nonsense in ("", "a.b", "a.b.c", f"{issuer.token()}.x"):
        with pytest.raises(ServiceError, match="not a valid JWT"):
            verified(nonsense, {})


def test_an_issuer_that_iam_does_not_know_is_refused(aws, issuer, roles, trust):
    unknown = Sts(aws.server.account, {issuer.url: "token.example.com"})
    with pytest.raises(ServiceError, match="No OpenIDConnect provider found in your account for"):
        assume(unknown, roles.make(trust=trust()), issuer.token())


def test_the_duration_is_limited_by_the_role(sts, issuer, roles, trust):
    arn = roles.make(trust=trust(), MaxSessionDuration=21600)
    assert assume(sts, arn, issuer.token(), DurationSeconds=21600)
    with pytest.raises(ServiceError, match="exceeds the MaxSessionDuration"):
        assume(sts, arn, issuer.token(), DurationSeconds=21601)


def test_the_request_is_unsigned_and_reaches_sts_all_the_same(aws, issuer, provider, roles, trust):
    from boto3.session import Session

    unsigned = Session(region_name=aws.region).client(
        "sts", endpoint_url=aws.server.endpoint_url, config=Config(signature_version=UNSIGNED)
    )
    mark = len(aws.server.account.calls)
    with pytest.raises(ClientError) as refused:
        unsigned.assume_role_with_web_identity(
            RoleArn=roles.make(trust=trust()), RoleSessionName="run", WebIdentityToken="no.token.atall"
        )
    assert refused.value.response["Error"]["Code"] == "InvalidIdentityToken"
    recorded = [call for call in aws.server.account.calls.since(mark) if call.service == "sts"]
    assert [(call.role_arn, call.action) for call in recorded] == [(None, "sts:AssumeRoleWithWebIdentity")]

"""The classification API in front of the endpoint."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from model_common.configuration import Part, matching, problem

Issuer = Annotated[str, matching(r"https://\S+", "the https:// URL of an OpenID Connect issuer")]
Retention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


class Jwt(Part):
    """The issuer and the audiences of the tokens that the API accepts."""

    issuer: Issuer = Field(description="the https:// URL of the OpenID Connect issuer of the tokens")
    audience: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="the list of audiences (client ids) that a token may be for"
    )


class Api(Part):
    """`POST /classify`, behind an HTTP API of API Gateway or a function URL of Lambda.

    Callers sign requests with IAM credentials, or send a JSON web token (HTTP API only). The rate limits apply to the
    HTTP API; a function URL is limited by the function's concurrency only.
    """

    kind: Literal["http_api", "function_url"] = Field(description="http_api or function_url")
    auth: Literal["iam", "jwt"] = "iam"
    jwt: Jwt | None = None
    requests_per_second: Annotated[int, Field(ge=1)] | None = None
    burst: Annotated[int, Field(ge=1)] | None = None
    log_retention_days: Retention = 30

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> Self:
        if self.kind == "function_url":
            if self.auth == "jwt":
                raise problem(
                    "auth", "found jwt. Allowed: iam; a function URL cannot check tokens, an http_api can"
                )
            self.leaves_out("only an HTTP API limits the rate of requests", "requests_per_second", "burst")
        if self.auth == "jwt":
            self.states("the issuer and the audience of the tokens", "jwt")
        else:
            self.leaves_out("auth is iam", "jwt")
        return self

"""The classification API in front of the endpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from model_common.configuration import Part, matching, problem

_SECONDS_OF_A_DAY = 86_400

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


Action = Literal["allow", "mask", "block"]
AudienceName = Annotated[str, matching(r"[a-z][a-z0-9_-]{0,39}", "a name of small letters, digits, _ and -")]


LARGEST_POLICY = 4000
"""The largest policy in bytes, as JSON within JSON: a function's variables have 4 KB in all, of which the endpoint's name needs
the rest. Source: "Lambda quotas", AWS Lambda developer guide."""


class Policy(Part):
    """The action that callers should take on a text, by its labels and its audience; the strictest action counts.

    A label that an audience does not name is allowed. Labels of `never` are blocked for every audience.
    """

    audiences: Annotated[Mapping[AudienceName, Mapping[str, Action]], Field(min_length=1, max_length=10)] = (
        Field(description="by audience, the action for each label: allow, mask or block")
    )
    default: str = Field(description="the audience of a request that names none")
    never: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.default not in self.audiences:
            allowed = ", ".join(self.audiences)
            raise problem("default", f"found {self.default!r}. Allowed: {allowed} (api.policy.audiences)")
        for audience, actions in self.audiences.items():
            for label, action in actions.items():
                if label in self.never and action != "block":
                    raise problem(
                        f"audiences.{audience}.{label}",
                        f"found {action}. It is in never, which blocks it for everybody",
                    )
        size = len(json.dumps(self.text))
        if size > LARGEST_POLICY:
            words = f"found {size} bytes. Allowed: {LARGEST_POLICY}, since the function gets it in a variable"
            raise problem(
                "", f"{words}; leave out labels that are allowed, and state the blocked ones once, in never"
            )
        return self

    @property
    def text(self) -> str:
        """The policy as the function gets it."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True)

    @property
    def labels(self) -> frozenset[str]:
        """Every label that the policy names."""
        return frozenset(self.never).union(*self.audiences.values())


REQUESTS_PER_CONCURRENCY = 10
"""How many requests a second a function URL takes for each reserved concurrency.

Source: "Lambda function URLs", throttling, and "Lambda quotas", AWS Lambda developer guide.
"""


class Api(Part):
    """`POST /classify`, behind an HTTP API of API Gateway or a function URL of Lambda.

    Callers sign requests with IAM credentials, or send a JSON web token (HTTP API only); `public` lets everybody in, up to a
    rate that has to be stated. An HTTP API limits requests a second; a function URL limits how many are answered at a time.
    """

    kind: Literal["http_api", "function_url"] = Field(description="http_api or function_url")
    auth: Literal["iam", "jwt", "public"] = "iam"
    jwt: Jwt | None = None
    requests_per_second: Annotated[int, Field(ge=1)] | None = None
    burst: Annotated[int, Field(ge=1)] | None = None
    concurrency: Annotated[int, Field(ge=1)] | None = None
    log_retention_days: Retention = 30
    policy: Policy | None = None

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> Self:
        if self.kind == "function_url":
            if self.auth == "jwt":
                raise problem(
                    "auth",
                    "found jwt. Allowed: iam, public; a function URL cannot check tokens, an http_api can",
                )
            self.leaves_out(
                "only an HTTP API limits the rate of requests, a function URL has concurrency",
                "requests_per_second",
                "burst",
            )
        else:
            self.leaves_out("only a function URL has it, an HTTP API has requests_per_second", "concurrency")
        if self.auth == "jwt":
            self.states("the issuer and the audience of the tokens", "jwt")
        else:
            self.leaves_out(f"auth is {self.auth}", "jwt")
        if self.auth == "public":
            limits = ("concurrency",) if self.kind == "function_url" else ("requests_per_second", "burst")
            for key in limits:
                self.states("how much everybody together may ask, since auth is public", key)
        return self

    @property
    def most_per_second(self) -> int | None:
        """The most requests a second that the model is asked for; None without a limit of the stage's own."""
        if self.concurrency is not None:
            return self.concurrency * REQUESTS_PER_CONCURRENCY
        return self.requests_per_second

    @property
    def warning(self) -> str | None:
        """A warning about an API that everybody may call; None about any other."""
        if self.auth != "public":
            return None
        assert self.most_per_second is not None
        per_day = self.most_per_second * _SECONDS_OF_A_DAY
        return (
            f"api.auth: public: whoever knows the address may ask the model, without credentials, up to {self.most_per_second:,} times "
            f"a second, which is {per_day:,} times a day at your cost. One caller can use up all of it. Allowed in projects that were "
            "made with PublicApi=yes; iam and jwt know who calls."
        )

"""Throttles a route with a token bucket, like API Gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.kernel.token_buckets import TokenBuckets

ACCOUNT_RATE = 10_000.0
ACCOUNT_BURST = 5_000


class Throttle:
    """The buckets of all routes."""

    def __init__(self) -> None:
        self._buckets = TokenBuckets()

    def admits(self, api: str, stage: Mapping[str, Any], route_key: str) -> bool:
        """Whether a request may pass, by the stage's settings for the route, or else for all."""
        settings = {**stage.get("DefaultRouteSettings", {}), **stage["RouteSettings"].get(route_key, {})}
        rate = float(settings.get("ThrottlingRateLimit", ACCOUNT_RATE))
        burst = int(settings.get("ThrottlingBurstLimit", ACCOUNT_BURST))
        return self._buckets.admits((api, stage["StageName"], route_key), rate, burst)

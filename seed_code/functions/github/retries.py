"""When a call to GitHub is worth another try, and after how long.

GitHub's hints come first: `Retry-After`, then `X-RateLimit-Reset`; a secondary limit without either is a minute at
least, and longer each time. See "Best practices for using the REST API" and "Rate limits for the REST API".
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from github.http import Response

ATTEMPTS = 8
LONGEST_SECONDS = 30.0
SECONDARY_SECONDS = 60.0
PASSING = frozenset({500, 502, 503, 504})


def is_limit(response: Response) -> bool:
    """Whether an answer is a rate limit, primary or secondary, and not a refusal with the same status."""
    if response.status == 429:
        return True
    return response.status == 403 and (
        "retry-after" in response.headers
        or response.headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in response.reason.lower()
    )


def wait(response: Response | None, attempt: int, now: float) -> float | None:
    """Seconds before the next try of a call, None where another try would change nothing.

    `response` is None where none came. `attempt` counts from 1; `now` is in seconds since the epoch.
    """
    backoff = min(LONGEST_SECONDS, float(2 ** (attempt - 1)))
    if response is None:
        return backoff
    if is_limit(response):
        return _limit(response, attempt, now)
    if response.status in PASSING:
        hinted = _retry_after(response, now)
        return backoff if hinted is None else hinted
    return None


def _limit(response: Response, attempt: int, now: float) -> float:
    hinted = _retry_after(response, now)
    if hinted is not None:
        return hinted
    reset = response.headers.get("x-ratelimit-reset", "")
    if response.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(1.0, int(reset) - now + 1)
    return float(SECONDARY_SECONDS * 2 ** (attempt - 1))


def _retry_after(response: Response, now: float) -> float | None:
    """The header's seconds, or its date (RFC 9110, section 10.2.3)."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None

"""Checks of a request's headers, so that no web page can use a server on loopback.

A page can send requests to any address of the machine that its browser runs on. Three headers tell such a request from one
of a command: `Host`, which is the page's own name where it rebinds that name to loopback, `Origin` and `Sec-Fetch-Site`
(https://www.w3.org/TR/fetch-metadata/), which a page cannot set. A bucket's CORS configuration lets the origins in that it
names; nothing else lets in another origin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

_HTTP = 80
_SAME_ORIGIN_SITES = frozenset({"none", "same-origin"})


class Refused(Exception):
    """A request that a web page may have sent. The message says which header is wrong, its value, and what is allowed."""


@dataclass(frozen=True)
class CorsRule:
    """One rule of a bucket's CORS configuration. In origins and headers, one `*` stands for anything."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: int | None = None

    def allows(self, origin: str, method: str, headers: Iterable[str] = ()) -> bool:
        """Whether the rule allows a cross-origin request with this method and these headers."""
        return (
            any(fnmatchcase(origin, _origin_pattern(each)) for each in self.origins)
            and method in self.methods
            and all(
                any(fnmatchcase(name, _origin_pattern(each.lower())) for each in self.headers)
                for name in headers
            )
        )


CorsRules = Callable[[str], Sequence[CorsRule]]
"""Gives the CORS rules of the bucket in a request's path; none where there is no such bucket."""


@dataclass(frozen=True)
class Admitted:
    """A request that may pass. `headers` go into its answer; with `preflight` they are the whole answer."""

    headers: tuple[tuple[str, str], ...] = ()
    preflight: bool = False


class Guard:
    """Knows the server's own names. `rules` gives the CORS rules of a bucket."""

    def __init__(self, port: int, rules: CorsRules | None = None) -> None:
        # A client leaves the port of http away.
        ports = ("", f":{port}") if port == _HTTP else (f":{port}",)
        self._hosts = frozenset(f"{name}{each}" for name in LOOPBACK_NAMES for each in ports)
        self._origins = frozenset(f"http://{host}" for host in self._hosts)
        self._rules = rules or (lambda _: ())

    def admit(self, environ: Mapping[str, Any]) -> Admitted:
        """Raises Refused."""
        host = environ.get("HTTP_HOST", "")
        if host.lower() not in self._hosts:
            raise Refused(
                f"Host is {host!r}; this server answers to {' or '.join(sorted(self._hosts))} only."
            )
        origin, site = environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE", "none")
        if (origin is None or origin in self._origins) and site in _SAME_ORIGIN_SITES:
            return Admitted()
        if origin is not None and not environ["PATH_INFO"].startswith("/_"):
            admitted = self._admit_by_cors(environ, origin)
            if admitted is not None:
                return admitted
        if origin is not None and origin not in self._origins:
            raise Refused(
                f"Origin is {origin!r}: no other web page may use this server, but for a bucket whose CORS configuration names it."
            )
        raise Refused(f"Sec-Fetch-Site is {site!r}: this server answers to no other web page.")

    def _admit_by_cors(self, environ: Mapping[str, Any], origin: str) -> Admitted | None:
        bucket = environ["PATH_INFO"].lstrip("/").partition("/")[0]
        preflight = environ["REQUEST_METHOD"] == "OPTIONS"
        method = (
            environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD", "") if preflight else environ["REQUEST_METHOD"]
        )
        asked = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "") if preflight else ""
        headers = [name.strip().lower() for name in asked.split(",") if name.strip()]
        for rule in self._rules(bucket) if bucket else ():
            if rule.allows(origin, method, headers):
                return Admitted(tuple(_cors_headers(rule, origin, headers)), preflight)
        return None


def own_origin(url: str) -> bool:
    """Whether `url` is of a server on loopback. Raises ValueError for what is no address."""
    parts = urlsplit(url)
    if parts.port == 0:
        raise ValueError("Port out of range 1-65535")
    return parts.scheme == "http" and (parts.hostname or "") in {name.strip("[]") for name in LOOPBACK_NAMES}


def _cors_headers(rule: CorsRule, origin: str, headers: Sequence[str]) -> Iterable[tuple[str, str]]:
    anybody = "*" in rule.origins
    yield "Access-Control-Allow-Origin", "*" if anybody else origin
    yield "Access-Control-Allow-Methods", ", ".join(rule.methods)
    if headers:
        yield "Access-Control-Allow-Headers", ", ".join(headers)
    if rule.exposed:
        yield "Access-Control-Expose-Headers", ", ".join(rule.exposed)
    if rule.max_age is not None:
        yield "Access-Control-Max-Age", str(rule.max_age)
    if not anybody:
        yield "Access-Control-Allow-Credentials", "true"
    yield "Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


def _origin_pattern(pattern: str) -> str:
    """`pattern` for fnmatch: only `*` means something."""
    return pattern.replace("[", "[[]").replace("?", "[?]")

"""Sessions of roles: temporary credentials, each with an access key of its own, so that a call tells who makes it."""

from __future__ import annotations

import secrets
import string
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

PREFIX = "ASIA"
"""The prefix of temporary credentials' access keys."""

_CLEANUP_SIZE = 1000
"""Sessions that are kept without a look at which of them are over."""
_LETTERS = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class Session:
    """One session of a role. `expiration` is None for those that AWS's own services renew by themselves.

    `by_service` marks one in which a service does what its caller asked it to do, as CloudFormation makes resources.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    role_arn: str
    name: str
    expiration: datetime | None = None
    by_service: bool = False

    @property
    def arn(self) -> str:
        """The session's own ARN, in which the role has no path."""
        account, role = self.role_arn.split(":")[4], self.role_arn.rpartition("/")[2]
        return f"arn:aws:sts::{account}:assumed-role/{role}/{self.name}"

    @property
    def expired(self) -> bool:
        """Whether the session has expired."""
        return self.expiration is not None and self.expiration <= datetime.now(UTC)

    @property
    def expired_long_ago(self) -> bool:
        """Whether it has been over for an hour: until then a request with it is told why it is refused."""
        return self.expiration is not None and self.expiration + timedelta(hours=1) <= datetime.now(UTC)

    @property
    def variables(self) -> dict[str, str]:
        """The session as environment variables."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.token,
        }


class Sessions:
    """All sessions, by access key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[str, Session] = {}
        self._tidy_at = _CLEANUP_SIZE
        self._of_services: dict[tuple[str, str], Session] = {}
        self._forwarded: dict[str, Session] = {}

    def issue(self, role_arn: str, name: str, duration: timedelta | None = None) -> Session:
        """A new session. Whoever may have it is for the caller to decide."""
        expiration = datetime.now(UTC) + duration if duration else None
        return self._add(_with_keys(role_arn, name, expiration))

    def of_service(self, role_arn: str, name: str) -> Session:
        """The session in which one of AWS's services acts under a role: always the same, and never over."""
        with self._lock:
            known = self._of_services.get((role_arn, name))
        if known is None:
            known = self.issue(role_arn, name)
            with self._lock:
                known = self._of_services.setdefault((role_arn, name), known)
        return known

    def forwarded(self, session: Session) -> Session:
        """The session in which a service does for its caller what the caller may do: with a key of its own, always the same.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
        """
        with self._lock:
            known = self._forwarded.get(session.access_key)
        if known is None:
            made = _with_keys(session.role_arn, session.name, session.expiration)
            known = self._add(replace(made, by_service=True))
            with self._lock:
                known = self._forwarded.setdefault(session.access_key, known)
        return known

    def find(self, access_key: str) -> Session | None:
        """The session of this access key, None if there is none."""
        with self._lock:
            return self._by_key.get(access_key)

    def _add(self, session: Session) -> Session:
        with self._lock:
            self._by_key[session.access_key] = session
            if len(self._by_key) > self._tidy_at:
                self._by_key = {key: each for key, each in self._by_key.items() if not each.expired_long_ago}
                self._forwarded = {key: each for key, each in self._forwarded.items() if key in self._by_key}
                self._tidy_at = max(_CLEANUP_SIZE, 2 * len(self._by_key))
        return session


def _with_keys(role_arn: str, name: str, expiration: datetime | None) -> Session:
    return Session(
        access_key=PREFIX + _random(16, _LETTERS),
        secret_key=_random(40),
        token=_random(356),
        role_arn=role_arn,
        name=name,
        expiration=expiration,
    )


def _random(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))

"""The keys that may sign requests: the server's own, and those of role sessions."""

from __future__ import annotations

from hmac import compare_digest

from local_aws.kernel.sessions import Sessions
from local_aws.kernel.signing.keys import Keys
from local_aws.kernel.signing.signatures import SecretOf
from local_aws.kernel.wire import ServiceError


def secrets_of(keys: Keys, sessions: Sessions) -> SecretOf:
    """Gives the secret of an access key that is valid now.

    The returned function raises ServiceError for an unknown or expired key.
    """

    def secret_of(access_key: str, token: str) -> str:
        session = sessions.find(access_key)
        if session is not None and compare_digest(session.token.encode(), token.encode()):
            if session.expired:
                raise ServiceError(
                    "ExpiredToken", "The security token included in the request is expired", 403
                )
            return session.secret_key
        key = keys.find(access_key)
        if key is None or token:
            raise ServiceError(
                "InvalidClientTokenId", "The security token included in the request is invalid.", 403
            )
        return key.secret

    return secret_of

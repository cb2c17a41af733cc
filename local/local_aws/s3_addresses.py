"""Objects in S3 by their http addresses."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit


def place(endpoint_url: str, url: str) -> tuple[str, str] | None:
    """Bucket and key of an address: path style, virtual-hosted style, or on the server at `endpoint_url`.

    None for any other address.
    """
    parts = urlsplit(url)
    host, path = parts.hostname or "", unquote(parts.path.lstrip("/"))
    first, _, rest = path.partition("/")
    here = f"{parts.scheme}://{parts.netloc}" == endpoint_url
    amazon = parts.scheme == "https" and host.endswith(".amazonaws.com")
    if (here or (amazon and host.startswith(("s3.", "s3-")))) and rest:
        return first, rest
    bucket, separator, _ = host.partition(".s3")
    return (bucket, path) if amazon and separator and path else None

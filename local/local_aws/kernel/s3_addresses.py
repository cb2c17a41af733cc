"""Objects in S3 by their http addresses."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit


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


def version(url: str) -> dict[str, str]:
    """The request's member for the version of the object that an address names, if it names one."""
    named = parse_qs(urlsplit(url).query).get("versionId", [])
    return {"VersionId": named[0]} if named else {}


def s3_uri(endpoint_url: str, uri: str) -> str:
    """The S3 URI of an object that is stated by that or by its http address; anything else as it stands."""
    found = place(endpoint_url, uri) if uri.startswith("http") else None
    return f"s3://{found[0]}/{found[1]}" if found else uri

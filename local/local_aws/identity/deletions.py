"""DeleteObjects: keys that the caller may not delete are told as errors, and the others are deleted.

Quiet, which moto does not know, leaves out what was deleted.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

from werkzeug.wrappers import Response

from local_aws.kernel.wire import ServiceError

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_DIGESTS = ("HTTP_CONTENT_MD5", "HTTP_X_AMZ_CONTENT_SHA256", "HTTP_TRANSFER_ENCODING")

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def answer(
    environ: dict[str, Any],
    start_response: Callable[..., Any],
    to: Wsgi,
    denied: Mapping[int, ServiceError],
) -> Iterable[bytes]:
    """Let `to` delete what is not denied. `denied` are the errors by a key's place in the request, from 0."""
    document = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    whole = ElementTree.fromstring(document)
    objects = [each for each in whole if _local(each.tag) == "Object"]
    is_quiet = any(_local(each.tag) == "Quiet" and each.text == "true" for each in whole)
    for number in denied:
        whole.remove(objects[number])
    if len(denied) == len(objects):
        response = Response(_result(None, objects, denied, is_quiet), content_type="application/xml")
        return response(environ, start_response)
    ElementTree.register_namespace("", _NAMESPACE)
    body = ElementTree.tostring(whole, encoding="utf-8")
    rest = {name: value for name, value in environ.items() if name not in _DIGESTS}
    rest |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    answered = Response.from_app(to, rest)
    if answered.status_code == 200:
        answered.set_data(_result(answered.get_data(), objects, denied, is_quiet))
    return answered(environ, start_response)


def _result(
    document: bytes | None,
    objects: list[ElementTree.Element],
    denied: Mapping[int, ServiceError],
    is_quiet: bool,
) -> bytes:
    ElementTree.register_namespace("", _NAMESPACE)
    empty = ElementTree.Element(f"{{{_NAMESPACE}}}DeleteResult")
    result = ElementTree.fromstring(document) if document else empty
    prefix = result.tag.removesuffix("DeleteResult")
    for each in result.findall(f"{prefix}Deleted") if is_quiet else ():
        result.remove(each)
    for number, error in denied.items():
        told = ElementTree.SubElement(result, f"{prefix}Error")
        members = {_local(member.tag): member.text or "" for member in objects[number]}
        for name in ("Key", "VersionId"):
            if name in members:
                ElementTree.SubElement(told, f"{prefix}{name}").text = members[name]
        ElementTree.SubElement(told, f"{prefix}Code").text = error.code
        ElementTree.SubElement(told, f"{prefix}Message").text = error.message
    answered: bytes = ElementTree.tostring(result, encoding="utf-8", xml_declaration=True)
    return answered


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]

"""Checks exchanges with the embedded GitHub against GitHub's own OpenAPI description (npm `@octokit/openapi`).

A pytest plugin. A test gives its recorder to the server, `serve(tmp_path, on_exchange=github_exchanges)`; when the test
ends, every request and answer is validated, and what does not follow the description fails the test.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry, Resource, Specification

from local_aws.github import Exchange

TOOLS = Path(__file__).parent
DESCRIPTION = TOOLS / "node_modules/@octokit/openapi/generated/api.github.com.json"
_BASE = "urn:github-openapi"
_MANY_SEGMENTS = {"branch", "path", "ref", "tree_sha"}
_ERROR = {"$ref": f"{_BASE}#/components/schemas/basic-error"}
# Every operation may answer these, says
# https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api (redirects: .../best-practices).
_ANYWHERE = dict.fromkeys((301, 307, 400, 401, 403, 404, 429), _ERROR)
# What single operations answer beside what is described.
_BESIDE = {
    ("POST", "/repos/{owner}/{repo}/actions/variables"): {409: _ERROR, 422: _ERROR},
    ("PATCH", "/repos/{owner}/{repo}/actions/variables/{name}"): {409: _ERROR, 422: _ERROR},
    ("POST", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches"): {422: _ERROR},
}


def installed(path):
    """A file below node_modules. Fails, not skips, where it is absent: `make` installs it."""
    if not path.exists():
        pytest.fail(f"{path} is missing: run `make test` or `make check`, which install it")
    return path


class Description:
    """GitHub's description, read when it is first needed."""

    def __init__(self, path=DESCRIPTION):
        self.path = path
        self._templates = {}

    @cached_property
    def document(self):
        text = installed(self.path).read_text(encoding="utf-8")
        document = json.loads(text, object_hook=_meant)
        for path, method in (("/orgs/{org}/repos", "post"), ("/repos/{owner}/{repo}", "patch")):
            # Organisations of an enterprise have a third visibility, which only the enterprise's description (ghec) lists.
            body = document["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
            body["properties"]["visibility"]["enum"].append("internal")
        return document

    @cached_property
    def _registry(self):
        resource = Resource(contents=self.document, specification=Specification.OPAQUE)
        return Registry().with_resource(_BASE, resource)

    @cached_property
    def _patterns(self):
        """(pattern, template), the most literal first."""
        templates = sorted(self.document["paths"], key=lambda template: (template.count("{"), -len(template)))
        return [(_pattern(template), template) for template in templates]

    def template(self, method, path):
        """The path template of a request, or None."""
        if (method, path) not in self._templates:
            matching = (template for pattern, template in self._patterns if pattern.fullmatch(path))
            having = (each for each in matching if method.lower() in self.document["paths"][each])
            self._templates[method, path] = next(having, None)
        return self._templates[method, path]

    def findings(self, exchange):
        """What of an exchange does not follow the description, one line each."""
        path = re.sub(r"^/repositories/\d+", "/repos/by/id", exchange.path)
        template = self.template(exchange.method, path)
        asked = f"{exchange.method} {exchange.path}"
        if template is None:
            return [f"{asked}: the description has no such operation"]
        operation = self.document["paths"][template][exchange.method.lower()]
        found = [
            *self._of_query(operation, exchange.query),
            *self._of_request(operation, exchange),
            *self._of_response(operation, (exchange.method, template), exchange),
        ]
        return [f"{asked} -> {exchange.status}: {each}" for each in found]

    def errors(self, schema, value):
        validator = OAS30Validator(schema, registry=self._registry, format_checker=oas30_format_checker)
        found = sorted(validator.iter_errors(value), key=lambda error: error.json_path)
        return [f"{error.json_path}: {error.message[:300]}" for error in found]

    def _of_query(self, operation, query):
        described = [self._resolved(each) for each in operation.get("parameters", [])]
        allowed = {each["name"]: each["schema"] for each in described if each["in"] == "query"}
        for name, value in query.items():
            if name not in allowed:
                yield f"the query parameter {name} is not described"
                continue
            schema = self._based(allowed[name])
            yield from (
                f"query {name}{each}" for each in self.errors(schema, _typed(self._resolved(schema), value))
            )

    def _of_request(self, operation, exchange):
        if exchange.status in {400, 422}:
            return
        body, described = exchange.request_body, operation.get("requestBody")
        if described is None:
            if body is not None:
                yield "a request body is sent, none is described"
            return
        resolved = self._resolved(described)
        if body is None:
            if resolved.get("required"):
                yield "the request body is missing"
            return
        schema = resolved["content"]["application/json"]["schema"]
        yield from (f"request {each}" for each in self.errors(self._based(schema), body))
        known = self._resolved(schema).get("properties", {})
        for name in sorted(set(body) - set(known)) if known and isinstance(body, dict) else ():
            yield f"request $.{name} is not described"

    def _of_response(self, operation, key, exchange):
        described = operation["responses"].get(str(exchange.status))
        if described is None:
            schema = (_ANYWHERE | _BESIDE.get(key, {})).get(exchange.status)
            if schema is None:
                yield f"the status is not described: {exchange.response_body}"
                return
        else:
            content = self._resolved(described).get("content", {})
            schema = content.get("application/json", {}).get("schema")
        if schema is None:
            if exchange.response_body is not None and exchange.status < 400:
                yield "the answer has a body, none is described"
            return
        if exchange.response_body is None:
            yield "the answer has no body"
            return
        yield from (f"answer {each}" for each in self.errors(self._based(schema), exchange.response_body))

    def _resolved(self, node):
        """What a reference stands for."""
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].partition("#/")[2].split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def _based(self, schema):
        """A schema whose references are found from outside the document."""
        if isinstance(schema, dict):
            return {
                name: f"{_BASE}{value}" if name == "$ref" and value.startswith("#") else self._based(value)
                for name, value in schema.items()
            }
        return [self._based(each) for each in schema] if isinstance(schema, list) else schema


@dataclass
class Recorder:
    """Takes exchanges, from any thread; `findings` validates them all."""

    description: Description
    exchanges: list[Exchange] = field(default_factory=list)

    def __call__(self, exchange):
        self.exchanges.append(exchange)

    def findings(self):
        found = (finding for each in self.exchanges for finding in self.description.findings(each))
        return list(dict.fromkeys(found))


@pytest.fixture(scope="session")
def github_description():
    return Description()


@pytest.fixture
def github_exchanges(github_description):
    """A recorder whose exchanges are validated when the test ends."""
    recorder = Recorder(github_description)
    yield recorder
    findings = recorder.findings()
    assert not findings, "not as GitHub's OpenAPI description has it:\n" + "\n".join(findings)


def _meant(node):
    """A schema as GitHub means it: JSON Schema alone reads two of its habits otherwise."""
    if "oneOf" in node:
        # Its alternatives overlap: every error with a list of violated rules is a plain error, too.
        node["anyOf"] = node.pop("oneOf")
        node.pop("discriminator", None)
    if node.get("nullable") is True and None not in node.get("enum", (None,)):
        # Its enumerations leave null out where a member may be null: the conclusion of a job that runs.
        return node | {"enum": [*node["enum"], None]}
    if node.get("nullable") is True and "type" not in node:
        # OpenAPI 3.0 lets `nullable` work on `type` only; GitHub writes it beside `oneOf` for members that are null.
        return {
            "anyOf": [{name: value for name, value in node.items() if name != "nullable"}, {"enum": [None]}]
        }
    return node


def _pattern(template):
    def segment(match):
        return ".+" if match[1] in _MANY_SEGMENTS else "[^/]+"

    return re.compile(re.sub(r"\\\{(\w+)\\\}", segment, re.escape(template)))


def _typed(schema, text):
    """A query parameter as its schema has it."""
    match schema.get("type"):
        case "integer" if re.fullmatch(r"-?\d+", text):
            return int(text)
        case "boolean" if text in {"true", "false"}:
            return text == "true"
    return text

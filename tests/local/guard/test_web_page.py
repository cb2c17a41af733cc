"""A web page in a real browser tries every service by every means that a page has: the server answers none of it.

Needs Chromium: the Debian package `chromium`, or CHROMIUM with the path of another one.
"""

import json
import os
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local_aws.kernel.caller import signature

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]

SIGNED = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=local/20261129/eu-west-1/{service}/aws4_request"
    "&X-Amz-Date=20261129T000000Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
)
FUNCTION = json.dumps(
    {
        "FunctionName": "evil",
        "Role": "arn:aws:iam::1:role/r",
        "Runtime": "python3.11",
        "Handler": "a.b",
        "Code": {},
    }
)
ATTACKS = {
    "apigateway": ("/v2/apis", '{"name": "evil", "protocolType": "HTTP"}'),
    "application-autoscaling": ("/", "{}"),
    "cloudformation": ("/", "Action=CreateStack&StackName=evil&TemplateBody={}"),
    "console": ("/_console/key/registry/group/1", "token=x&decision=approve"),
    "events": ("/", '{"Name": "evil"}'),
    "execute-api": ("/_api/abc/classify", "{}"),
    "github": ("/_github/api/orgs/acme/repos", '{"name": "evil"}'),
    "github-git": ("/_github/git/acme/r.git/git-receive-pack", "0000"),
    "iam": ("/", "Action=CreateRole&RoleName=evil&AssumeRolePolicyDocument={}"),
    "kms": ("/", "{}"),
    "lambda": ("/2015-03-31/functions", FUNCTION),
    "lambda-url": ("/_url/abc/", "{}"),
    "logs": ("/", '{"logGroupName": "evil"}'),
    "moto": ("/moto-api/reset", ""),
    "monitoring": ("/", "Action=DeleteAlarms&AlarmNames.member.1=a"),
    "s3": ("/evil-bucket/key", "x"),
    "sagemaker": ("/", '{"ModelName": "evil"}'),
    "sagemaker-runtime": ("/endpoints/e/invocations", "{}"),
    "secretsmanager": ("/", "{}"),
    "servicecatalog": ("/", "{}"),
    "sns": ("/", "Action=CreateTopic&Name=evil"),
    "sqs": ("/", '{"QueueName": "evil"}'),
    "ssm": ("/", "{}"),
    "sts": ("/", "Action=AssumeRoleWithWebIdentity&RoleArn=a&RoleSessionName=b&WebIdentityToken=c"),
}
PAGE = """<!doctype html><title>A page</title><script>
const attacks = ATTACKS, base = "BASE";
async function attempt(url, options) {
  try { const answer = await fetch(url, options); return answer.type + " " + answer.status; }
  catch (error) { return "blocked"; }
}
function submit(url, method, type, body) {
  return new Promise(resolve => {
    const frame = document.createElement("iframe"); frame.name = "f" + Math.random();
    const form = document.createElement("form");
    Object.assign(form, {action: url, method, enctype: type, target: frame.name});
    const field = document.createElement("textarea");
    const pairs = type === "text/plain" ? [[body, ""]] : [...new URLSearchParams(body)];
    for (const [name, value] of pairs) {
      const each = field.cloneNode(); each.name = name; each.value = value; form.append(each);
    }
    frame.onload = () => { if (form.sent) resolve(); };
    document.body.append(frame, form); form.sent = true; form.submit();
  });
}
async function run() {
  const results = {};
  await Promise.all(Object.entries(attacks).map(async ([service, {path, body, signed}]) => {
    const found = results[service] = [];
    for (const url of [base + path, base + path + "?" + signed]) {
      for (const type of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
        await submit(url, "POST", type, body);
      await submit(url, "GET", "application/x-www-form-urlencoded", body);
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json"])
        for (const mode of ["cors", "no-cors"])
          found.push(await attempt(url, {method: "POST", mode, body, headers: {"Content-Type": type}}));
      found.push(await attempt(url, {method: "GET", mode: "cors", credentials: "include"}));
      found.push(await attempt(url, {method: "PUT", mode: "cors", body, headers: {"X-Amz-Target": "a.b"}}));
      found.push(await attempt(url, {method: "POST", body, headers: {Authorization: "AWS4-HMAC-SHA256 x"}}));
    }
  }));
  return results;
}
</script><body></body>"""


@contextmanager
def page(text):
    """An attacker's server; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            data = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments):
            """Requests are no news."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--host-resolver-rules=MAP evil.example 127.0.0.1"],
        )
        yield started
        started.close()


class Seen:
    """What the server was asked by the browser, and what it let pass."""

    def __init__(self, server, monkeypatch):
        self.statuses, self.passed = [], []
        admission = server._admission
        application = admission.application

        def counted(environ, start_response):
            # The server's own services ask each other, and the guard asks for a bucket's rules.
            if signature(environ).access_key != "service":
                self.passed.append((environ["REQUEST_METHOD"], environ["REQUEST_URI"]))
            return application(environ, start_response)

        def noted(environ, start_response):
            def start(status, headers, *rest):
                if signature(environ).access_key != "service":
                    asked = environ["REQUEST_METHOD"], environ["PATH_INFO"]
                    self.statuses.append((*asked, int(status[:3])))
                return start_response(status, headers, *rest)

            return admission(environ, start)

        monkeypatch.setattr(admission, "application", counted)
        monkeypatch.setattr(server._http, "app", noted)


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1"])
def test_a_page_of_another_origin_reaches_no_service(local_server, browser, monkeypatch, host):
    attacks = {
        service: {"path": path, "body": body, "signed": SIGNED.format(service=service)}
        for service, (path, body) in ATTACKS.items()
    }
    text = PAGE.replace("ATTACKS", json.dumps(attacks)).replace("BASE", local_server.endpoint_url)
    before = len(local_server.account.calls)
    with page(text) as port:
        context = browser.new_context()
        tab = context.new_page()
        tab.goto(f"http://{host}:{port}/")
        seen = Seen(local_server, monkeypatch)
        results = tab.evaluate("run()")
        context.close()
    assert set(results) == set(ATTACKS)
    readable = {name: found for name, found in results.items() if set(found) - {"blocked", "opaque 0"}}
    assert not readable
    assert not seen.passed
    # A service whose protocol is JSON refuses with 400.
    assert {status for *_, status in seen.statuses} <= {400, 403}
    for path, _ in ATTACKS.values():
        methods = {method for method, asked, _ in seen.statuses if asked == path}
        assert methods >= {"POST", "GET"}, f"the browser did not even try {path}"
    assert len(local_server.account.calls) == before


def test_a_name_that_is_rebound_to_loopback_is_no_way_in(local_server, browser, monkeypatch):
    seen = Seen(local_server, monkeypatch)
    context = browser.new_context()
    tab = context.new_page()
    answer = tab.goto(f"http://evil.example:{local_server.port}/moto-api/")
    assert answer.status == 403
    assert "Host is 'evil.example" in answer.text()
    inside = tab.evaluate(
        "fetch('/', {method: 'POST', body: 'Action=ListRoles'}).then(answer => answer.status)"
    )
    context.close()
    assert inside == 403
    assert not seen.passed

"""Who may use the page: whoever has its address; and change something: only the page itself."""

import re

import pytest
import requests


@pytest.fixture
def version(browser, registry):
    """The address of a version that nobody has decided on, its ARN, and the token of the page that shows it."""
    arn = registry.add(macro_f1=0.8)
    text = browser.page("registry", registry.aws.group, 1)
    token = re.search(r'name="token" value="([^"]+)"', text)[1]
    return ("registry", registry.aws.group, "1"), arn, token


def approval(registry, arn):
    return registry.describe(arn)["ModelApprovalStatus"]


def test_a_form_of_the_page_with_its_token_decides(browser, registry, version):
    path, arn, token = version
    answer = browser.send(*path, token=token, decision="approve", why="  reads\n well ")
    assert answer.status_code == 303
    found = registry.describe(arn)
    assert (found["ModelApprovalStatus"], found["ApprovalDescription"]) == ("Approved", "reads well")
    shown = requests.get(browser.origin + answer.headers["Location"], timeout=30).text
    assert f"{registry.aws.group} version 1 is approved." in shown
    assert "reads well" in shown


@pytest.mark.parametrize("token", ["", "x", "ü"])
def test_a_form_without_the_token_changes_nothing(browser, registry, version, token):
    path, arn, _ = version
    answer = browser.send(*path, token=token, decision="approve")
    assert answer.status_code == 403
    assert "token" in answer.text
    assert approval(registry, arn) == "PendingManualApproval"


def test_a_form_of_another_origin_of_this_server_or_of_none_changes_nothing(browser, registry, version):
    path, arn, token = version
    url, form = browser.address + "/".join(path), {"token": token, "decision": "approve"}
    by_another_name = browser.origin.replace("127.0.0.1", "localhost")
    for headers in ({}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Origin": by_another_name}):
        assert requests.post(url, data=form, headers=headers, timeout=30).status_code == 403
    assert approval(registry, arn) == "PendingManualApproval"


def test_a_get_changes_nothing(browser, registry, version):
    path, arn, token = version
    assert browser.get(*path, token=token, decision="approve").status_code == 200
    assert approval(registry, arn) == "PendingManualApproval"


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_page_does_not_even_read_it(browser, headers):
    answer = requests.get(browser.address, headers=headers, timeout=30)
    assert answer.status_code == 403
    assert "<html" not in answer.text


@pytest.mark.parametrize("key", ["", "x", "static", "..%2f"])
def test_without_the_key_in_its_address_there_is_nothing(browser, key):
    for path in ("", "registry", "static/page.js"):
        answer = requests.get(f"{browser.origin}/_console/{key}/{path}", timeout=30)
        assert answer.status_code == 403
        assert "local-aws up" in answer.text


def test_a_rejection_needs_a_reason_and_says_so(browser, registry, version):
    path, arn, token = version
    answer = browser.send(*path, token=token, decision="reject", why="  ")
    assert answer.status_code == 400
    assert "A rejection needs a reason" in answer.text
    assert approval(registry, arn) == "PendingManualApproval"
    assert browser.send(*path, token=token, decision="reject", why="too slow").status_code == 303
    assert approval(registry, arn) == "Rejected"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"decision": "delete"}, "neither approve nor reject"),
        ({"decision": "approve", "why": "x" * 1025}, "1025"),
    ],
)
def test_a_form_that_is_filled_in_wrongly_is_answered_in_a_sentence(browser, registry, version, form, words):
    path, arn, token = version
    answer = browser.send(*path, token=token, **form)
    assert (answer.status_code, words in answer.text) == (400, True)
    assert approval(registry, arn) == "PendingManualApproval"


def test_its_answers_let_no_script_but_its_own_run_and_no_page_frame_it(browser):
    headers = browser.get("").headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "onclick=" not in browser.page("") and "<script>" not in browser.page("")
    assert 'style="' not in browser.page("")


def test_files_beside_the_pages_own_are_not_given_out(browser):
    assert browser.get("static", "page.js").headers["Content-Type"].startswith("text/javascript")
    for path in ("static/../gateway.py", "static/%2e%2e/gateway.py", "static/", "static/none.css"):
        request = requests.Request("GET", browser.address).prepare()
        request.url = browser.address + path
        assert requests.Session().send(request, timeout=30).status_code == 404

"""What a report may not hold is taken out of it, wherever it stands."""

import pytest

from project_template.smoke.redaction import Redaction

ACCOUNT = "123456789012"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/ada-launch is there", "<arn iam role> is there"),
        (f"arn:aws-cn:s3:::the-bucket-{ACCOUNT}/key", "<arn s3 the-bucket-<account>>"),
        (f"bucket smoke-1-{ACCOUNT}-eu-west-1", "bucket smoke-1-<account>-eu-west-1"),
        ("account 1234-5678-9012.", "account <account>."),
        ("by ada@example.com", "by <e-mail>"),
        ("ghp_0123456789abcdefghij", "<token>"),
        ("github_pat_11ABC_xyz", "<token>"),
        (f"Authorization: Bearer {JWT}", "Authorization: Bearer <token>"),
        ("key ASIAQWERTYUIOPASDFGH", "key <key id>"),
        (
            "https://b.s3/x?X-Amz-Signature=abc123&X-Amz-Date=1",
            "https://b.s3/x?X-Amz-Signature=<token>&X-Amz-Date=1",
        ),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----", "<key>"),
        ("at 2026-11-29T16:00:00Z, 1795965923123 ms", "at 2026-11-29T16:00:00Z, 1795965923123 ms"),
    ],
)
def test_a_text_keeps_what_is_no_secret(text, expected):
    shown = Redaction().text(text)
    if "s3:::" in text:
        assert ACCOUNT not in shown
    else:
        assert shown == expected


def test_members_that_are_secret_by_their_name_are_taken_out_whole():
    said = {
        "SecretString": "x",
        "Credentials": {"SessionToken": "abc"},
        "Names": ["a", ACCOUNT, 5, None, True],
    }
    assert Redaction().value(said) == {
        "SecretString": "<secret>",
        "Credentials": {"SessionToken": "<secret>"},
        "Names": ["a", "<account>", 5, None, True],
    }


def test_an_account_that_is_a_number_is_one_too():
    assert Redaction().value({"Account": int(ACCOUNT)}) == {"Account": "<account>"}


def test_given_names_are_taken_out_the_longest_first():
    hidden = Redaction({"acme": "<organisation>", "acme-labs": "<other>", "": "<nothing>"})
    assert hidden.text("acme-labs/x and acme/y") == "<other>/x and <organisation>/y"

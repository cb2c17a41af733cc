"""Condition operators, held against AWS's documentation of each."""

import pytest

from local_aws.identity.policies.conditions import UnknownOperatorError, holds, like, lowered, substituted

CONTEXT = lowered(
    {
        "aws:RequestTag/Team": ("blue",),
        "aws:TagKeys": ("Team", "Cost"),
        "aws:PrincipalArn": ("arn:aws:iam::123456789012:role/p/reader",),
        "aws:SecureTransport": ("false",),
        "aws:CurrentTime": ("2026-11-21T12:00:00Z",),
        "aws:SourceIp": ("10.1.2.3",),
        "s3:max-keys": ("10",),
        "s3:prefix": ("home/*",),
    }
)
ARN = "aws:PrincipalArn"


@pytest.mark.parametrize(
    ("operator", "key", "values", "expected"),
    [
        ("StringEquals", "aws:RequestTag/Team", ["red", "blue"], True),
        ("StringEquals", "AWS:requesttag/team", ["blue"], True),
        ("StringEquals", "aws:RequestTag/Team", ["Blue"], False),
        ("StringEqualsIgnoreCase", "aws:RequestTag/Team", ["Blue"], True),
        ("StringEquals", "aws:RequestTag/Other", ["blue"], False),
        ("StringNotEquals", "aws:RequestTag/Team", ["red", "green"], True),
        ("StringNotEquals", "aws:RequestTag/Team", ["red", "blue"], False),
        ("StringNotEquals", "aws:RequestTag/Other", ["blue"], True),
        ("StringLike", "aws:RequestTag/Team", ["b*"], True),
        ("StringLike", "aws:RequestTag/Team", ["b?e"], False),
        ("StringNotLike", "aws:RequestTag/Team", ["b*"], False),
        ("StringEqualsIfExists", "aws:RequestTag/Other", ["blue"], True),
        ("StringEqualsIfExists", "aws:RequestTag/Team", ["red"], False),
        ("Null", "aws:RequestTag/Other", ["true"], True),
        ("Null", "aws:RequestTag/Team", ["true"], False),
        ("Null", "aws:RequestTag/Team", ["false"], True),
        ("Bool", "aws:SecureTransport", ["false"], True),
        ("Bool", "aws:SecureTransport", ["true"], False),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", ["true"], True),
        ("ArnLike", ARN, ["arn:aws:iam::*:role/p/*"], True),
        ("ArnLike", ARN, ["arn:aws:iam:*role/p/*"], False),
        ("ArnEquals", ARN, ["arn:aws:iam::123456789012:role/q/*"], False),
        ("ArnNotLike", ARN, ["arn:aws:iam::123456789012:role/q/*"], True),
        ("NumericLessThanEquals", "s3:max-keys", ["10"], True),
        ("NumericGreaterThan", "s3:max-keys", ["10"], False),
        ("NumericEquals", "s3:prefix", ["10"], False),
        ("DateLessThan", "aws:CurrentTime", ["2026-11-21T13:00:00Z"], True),
        ("DateGreaterThan", "aws:CurrentTime", ["1795262400"], False),
        ("IpAddress", "aws:SourceIp", ["10.1.0.0/16"], True),
        ("NotIpAddress", "aws:SourceIp", ["10.1.0.0/16"], False),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["Cost"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["Other"], False),
        ("ForAnyValue:StringEquals", "aws:Nothing", ["Other"], False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["Cost"], False),
        ("ForAllValues:StringLike", "aws:TagKeys", ["C*", "T*"], True),
        ("ForAllValues:StringEquals", "aws:Nothing", ["Cost"], True),
        ("StringEquals", "aws:TagKeys", ["Cost"], True),
        ("StringNotEquals", "aws:TagKeys", ["Cost"], False),
        ("StringNotEqualsIfExists", "aws:RequestTag/Team", ["blue"], False),
        ("StringNotEqualsIfExists", "aws:RequestTag/Other", ["blue"], True),
        ("NotIpAddress", "aws:Nothing", ["10.0.0.0/8"], True),
        ("ArnNotLike", "aws:Nothing", ["arn:aws:iam::*:role/*"], True),
        ("NumericNotEquals", "aws:Nothing", ["1"], True),
        ("NumericLessThan", "aws:Nothing", ["1"], False),
        ("Bool", "aws:Nothing", ["false"], False),
        ("Null", "aws:TagKeys", ["false"], True),
        ("ForAllValues:StringNotEquals", "aws:Nothing", ["Cost"], True),
        ("ForAllValues:StringNotEquals", "aws:TagKeys", ["Cost"], False),
        ("ForAnyValue:StringNotEquals", "aws:Nothing", ["Cost"], False),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", ["Cost"], True),
        ("ForAnyValue:StringEqualsIfExists", "aws:Nothing", ["Cost"], True),
    ],
)
def test_an_operator_decides_as_documented(operator, key, values, expected):
    assert holds(operator, key, values, CONTEXT) is expected


def test_an_unknown_operator_is_named_with_those_that_are_known():
    with pytest.raises(UnknownOperatorError, match=r"StringIs.*StringEquals"):
        holds("StringIs", "aws:TagKeys", ["x"], CONTEXT)


@pytest.mark.parametrize(
    "operator", ["ForSomeValues:StringEquals", "NullIfExists", "ForAnyValue:NullIfExists"]
)
def test_a_modifier_that_aws_does_not_have_is_unknown(operator):
    with pytest.raises(UnknownOperatorError, match=operator):
        holds(operator, "aws:TagKeys", ["x"], CONTEXT)


def test_a_variable_without_a_value_matches_nothing_but_its_default():
    assert substituted("home/${aws:RequestTag/Nothing}", CONTEXT) is None
    assert substituted("home/${aws:RequestTag/Nothing, 'all'}", CONTEXT) == "home/all"
    assert substituted("home/${aws:RequestTag/Team}/*", CONTEXT) == "home/blue/*"
    assert substituted("${aws:TagKeys}", CONTEXT) is None


def test_what_a_variable_brings_is_no_wildcard():
    pattern = substituted("${s3:prefix}", CONTEXT)
    assert pattern is not None
    assert like("home/*", pattern) and not like("home/anne", pattern)
    escaped = substituted("a${*}b*", CONTEXT)
    assert escaped is not None
    assert like("a*bc", escaped) and not like("axbc", escaped)


def test_a_wildcard_crosses_everything_in_a_plain_pattern():
    assert like("arn:aws:s3:::bucket/a/b\nc", "arn:aws:s3:::b*t/*")
    assert not like("arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*")

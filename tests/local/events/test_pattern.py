"""Event patterns, in themselves."""

import json

import pytest

from local_aws.events.pattern import Pattern, PatternError

EVENT = {
    "source": "aws.sagemaker",
    "resources": ["arn:one", "arn:two"],
    "detail": {
        "status": "Approved",
        "version": 7,
        "final": True,
        "none": None,
        "list": [{"name": "a"}, {"name": "b"}],
    },
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.sagemaker"]}, True),
        ({"source": ["aws.s3", "aws.sagemaker"]}, True),
        ({"source": ["aws.s3"]}, False),
        ({"source": ["aws.sagemaker"], "detail": {"status": ["Rejected"]}}, False),
        ({"resources": ["arn:two"]}, True),
        ({"resources": [{"prefix": "arn:"}]}, True),
        ({"resources": [{"suffix": "three"}]}, False),
        ({"detail": {"version": [7]}}, True),
        ({"detail": {"version": ["7"]}}, False),
        ({"detail": {"final": [1]}}, False),
        ({"detail": {"final": [True]}}, True),
        ({"detail": {"none": [None]}}, True),
        ({"detail": {"absent": [None]}}, False),
        ({"detail": {"absent": [{"exists": False}]}}, True),
        ({"detail": {"status": [{"exists": False}]}}, False),
        ({"detail": {"status": [{"exists": True}]}}, True),
        ({"detail": {"status": [{"exists": False}, "Approved"]}}, True),
        ({"detail": {"list": {"name": ["b"]}}}, True),
        ({"detail": {"list": {"name": ["c"]}}}, False),
        ({"detail": {"status": [{"anything-but": "Approved"}]}}, False),
        ({"detail": {"status": [{"anything-but": ["Rejected", "Pending"]}]}}, True),
        ({"detail": {"status": [{"anything-but": {"prefix": "App"}}]}}, False),
        ({"detail": {"absent": [{"anything-but": "x"}]}}, False),
        ({"detail": {"status": [{"equals-ignore-case": "aPPROVED"}]}}, True),
        ({"detail": {"status": [{"prefix": {"equals-ignore-case": "APP"}}]}}, True),
        ({"detail": {"status": [{"wildcard": "A*v*d"}]}}, True),
        ({"detail": {"status": [{"wildcard": "A\\*"}]}}, False),
        ({"detail": {"version": [{"numeric": [">", 5, "<=", 7]}]}}, True),
        ({"detail": {"version": [{"numeric": ["<", 7]}]}}, False),
        ({"detail": {"status": [{"numeric": ["=", 7]}]}}, False),
        ({"$or": [{"source": ["x"]}, {"detail": {"version": [7]}}]}, True),
        ({"source": ["aws.sagemaker"], "$or": [{"source": ["x"]}, {"detail": {"version": [8]}}]}, False),
        ({"source": {"deeper": ["x"]}}, False),
    ],
)
def test_an_event_matches_where_all_of_the_pattern_does(pattern, expected):
    assert Pattern.parse(json.dumps(pattern)).matches(EVENT) is expected


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"source": "aws.sagemaker"}',
        '{"source": []}',
        '{"source": [["nested"]]}',
        '{"source": [{"prefix": 1}]}',
        '{"source": [{"prefix": "a", "suffix": "b"}]}',
        '{"source": [{"like": "a"}]}',
        '{"source": [{"numeric": [">"]}]}',
        '{"$or": {"source": ["a"]}}',
    ],
)
def test_what_is_no_pattern_is_refused(text):
    with pytest.raises(PatternError, match="Event pattern is not valid"):
        Pattern.parse(text)

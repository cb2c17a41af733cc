from datetime import UTC, datetime

import pytest

from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker.listing import select


def at(hour):
    return datetime(2026, 11, 2, hour, tzinfo=UTC)


def job(name, hour, status="Completed"):
    return {"JobName": name, "CreationTime": at(hour), "LastModifiedTime": at(hour + 1), "JobStatus": status}


JOBS = [job("train-b", 1), job("train-a", 2, "Failed"), job("prepare", 3, "InProgress")]


def names(request, jobs=JOBS, **options):
    return [
        found["JobName"] for found in select(jobs, request, name="JobName", status="JobStatus", **options)
    ]


def test_without_a_filter_everything_comes_oldest_first():
    assert names({}) == ["train-b", "train-a", "prepare"]


def test_an_operation_may_have_newest_first_as_its_default():
    assert names({}, order="Descending") == ["prepare", "train-a", "train-b"]
    assert names({"SortOrder": "Ascending"}, order="Descending") == ["train-b", "train-a", "prepare"]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"NameContains": "train"}, ["train-b", "train-a"]),
        ({"NameContains": "nothing"}, []),
        ({"PipelineNamePrefix": "prep"}, ["prepare"]),
        ({"PipelineNamePrefix": "rain"}, []),
        ({"StatusEquals": "Failed"}, ["train-a"]),
        ({"CreationTimeAfter": at(2)}, ["train-a", "prepare"]),
        ({"CreationTimeBefore": at(2)}, ["train-b"]),
        ({"CreatedAfter": at(3)}, ["prepare"]),
        ({"CreatedBefore": at(3)}, ["train-b", "train-a"]),
        ({"LastModifiedTimeAfter": at(4)}, ["prepare"]),
        ({"LastModifiedTimeBefore": at(3)}, ["train-b"]),
        ({"NameContains": "train", "StatusEquals": "Completed"}, ["train-b"]),
    ],
)
def test_a_filter_lets_through_what_matches(request_, expected):
    assert names(request_) == expected


@pytest.mark.parametrize(
    ("sort_by", "expected"),
    [
        ("Name", ["prepare", "train-a", "train-b"]),
        ("CreationTime", ["train-b", "train-a", "prepare"]),
        ("Status", ["train-b", "train-a", "prepare"]),
    ],
)
def test_sorts_both_ways(sort_by, expected):
    assert names({"SortBy": sort_by, "SortOrder": "Ascending"}) == expected
    assert names({"SortBy": sort_by, "SortOrder": "Descending"}) == expected[::-1]


def test_jobs_of_the_same_moment_keep_their_order_and_reverse_it_when_descending():
    twins = [job("first", 1), job("second", 1)]
    assert names({}, twins) == ["first", "second"]
    assert names({"SortOrder": "Descending"}, twins) == ["second", "first"]


def test_a_summary_without_the_filtered_member_is_left_out():
    never_changed = {"JobName": "new", "CreationTime": at(1), "JobStatus": "InProgress"}
    assert names({"LastModifiedTimeAfter": at(0)}, [never_changed]) == []


def pages(items, request):
    """All pages, as a client asks for them."""
    found, token = [], None
    while True:
        shown, token = page(items, request if token is None else {**request, "NextToken": token}, key=str)
        found.append(shown)
        if token is None:
            return found


def test_pages_hold_max_results_and_the_last_has_no_token():
    assert pages(list("abcde"), {"MaxResults": 2}) == [["a", "b"], ["c", "d"], ["e"]]
    assert pages(list("abcd"), {"MaxResults": 2}) == [["a", "b"], ["c", "d"]]
    assert pages([], {"MaxResults": 2}) == [[]]


def test_without_max_results_a_page_holds_the_operations_default():
    shown, token = page(list("abcdefghijkl"), {}, key=str)
    assert (len(shown), token is None) == (10, False)
    assert page(list("abcdefghijkl"), {}, key=str, default=50) == (list("abcdefghijkl"), None)


def test_the_same_question_gets_the_same_token():
    assert page(list("abc"), {"MaxResults": 1}, key=str) == page(list("abc"), {"MaxResults": 1}, key=str)


def test_items_that_come_or_go_between_pages_shift_nothing():
    _, token = page(list("bcde"), {"MaxResults": 2}, key=str)
    after = {"MaxResults": 2, "NextToken": token}
    assert page(list("abcde"), after, key=str)[0] == ["d", "e"]
    assert page(list("cde"), after, key=str)[0] == ["d", "e"]


def test_the_next_page_starts_behind_the_last_item_even_when_that_was_deleted():
    _, token = page(list("bcde"), {"MaxResults": 2}, key=str)
    assert page(list("bde"), {"MaxResults": 2, "NextToken": token}, key=str)[0] == ["d", "e"]
    assert page([], {"MaxResults": 2, "NextToken": token}, key=str) == ([], None)


@pytest.mark.parametrize("token", ["", "nonsense", "eyJhIjogMX0=", "WyJhIiwgImIiLCAtMV0=", "ключ"])
def test_a_token_that_nobody_gave_is_refused(token):
    with pytest.raises(ServiceError, match="Invalid pagination token") as error:
        page(list("abc"), {"NextToken": token}, key=str)
    assert error.value.code == "ValidationException"


def test_a_token_of_another_question_is_refused():
    _, token = page(list("abc"), {"MaxResults": 1, "NameContains": "x"}, key=str)
    with pytest.raises(ServiceError, match="other parameters"):
        page(list("abc"), {"MaxResults": 1, "NameContains": "y", "NextToken": token}, key=str)


def test_an_answer_has_a_token_only_when_there_is_more():
    assert paged({"Jobs": []}, None) == {"Jobs": []}
    assert paged({"Jobs": []}, "token") == {"Jobs": [], "NextToken": "token"}

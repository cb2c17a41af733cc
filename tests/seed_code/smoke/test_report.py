"""The journal of a smoke run and its report: every step in order, every answer once, and nothing secret."""

from types import SimpleNamespace

import pytest

from project_template.errors import SmokeError
from project_template.smoke import report
from project_template.smoke.journal import DONE, FAILED, NOT_REACHED, Answer, Entry, Journal
from project_template.smoke.plan import Plan
from project_template.smoke.redaction import Redaction
from project_template.smoke.verdicts import Finding, Verdict

PLAN = Plan("smoke-1", "acme", "amazon-sentences", 60)
HIDDEN = Redaction({"123456789012": "<account>", "acme": "<organisation>"})


class Session:
    """Calls what listens, as botocore does after a call."""

    def __init__(self):
        self.events = SimpleNamespace(register=self._register)
        self.handlers = []

    def _register(self, name, handler):
        assert name == "after-call"
        self.handlers.append(handler)

    def answer(self, operation="DescribeProject", status=200, service="sagemaker", **parsed):
        model = SimpleNamespace(name=operation, service_model=SimpleNamespace(service_name=service))
        for handler in self.handlers:
            handler(http_response=SimpleNamespace(status_code=status), parsed=parsed, model=model, context={})


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def journal(session):
    journal = Journal()
    journal.listen(session)
    return journal


def answers(entry):
    return [(each.operation, each.status, each.calls) for each in entry.answers.values()]


def test_answers_belong_to_the_step_that_is_going_on_and_to_none_outside_of_one(journal, session):
    session.answer(ProjectName="before")
    with journal.step("create") as create:
        session.answer(ProjectName="during")
    session.answer(ProjectName="between")
    with journal.step("train") as train:
        session.answer("ListModelPackages")
    assert answers(create) == [("sagemaker:DescribeProject", 200, 1)]
    assert answers(train) == [("sagemaker:ListModelPackages", 200, 1)]


def test_equal_calls_are_counted_and_the_last_answer_is_kept_in_its_place_in_time(journal, session):
    with journal.step("create") as entry:
        session.answer(ProjectStatus="Pending", ResponseMetadata={"RequestId": "one"})
        session.answer("ListTags")
        session.answer(ProjectStatus="CreateCompleted", ResponseMetadata={"RequestId": "two"})
    assert answers(entry) == [("sagemaker:ListTags", 200, 1), ("sagemaker:DescribeProject", 200, 2)]
    last = list(entry.answers.values())[-1]
    assert (last.request_id, dict(last.answer)) == ("two", {"ProjectStatus": "CreateCompleted"})


def test_each_status_and_each_code_of_an_error_is_an_answer_of_its_own(journal, session):
    with journal.step("create") as entry:
        session.answer()
        for code in ("ThrottlingException", "ThrottlingException", "ValidationException"):
            session.answer(status=400, Error={"Code": code, "Message": "no"})
        session.answer(status=404, Error={"Code": "ValidationException"})
    assert [(each.status, each.calls) for each in entry.answers.values()] == [
        (200, 1),
        (400, 2),
        (400, 1),
        (404, 1),
    ]


@pytest.mark.parametrize("member", ["Body", "TemplateBody", "ZipFile", "ResponseMetadata"])
def test_members_that_are_long_or_say_nothing_are_not_kept(journal, session, member):
    with journal.step("create") as entry:
        session.answer(**{member: {"RequestId": "x"}, "Status": "ok"})
    [kept] = entry.answers.values()
    assert dict(kept.answer) == {"Status": "ok"}


def test_a_step_that_fails_keeps_its_reason_and_goes_on_failing(journal):
    with pytest.raises(SmokeError), journal.step("train"):
        raise SmokeError("no model")
    with pytest.raises(KeyboardInterrupt), journal.step("ask"):
        raise KeyboardInterrupt
    with journal.step("teardown"):
        pass
    assert [(each.name, each.state, each.reason) for each in journal.entries] == [
        ("train", FAILED, "SmokeError: no model"),
        ("ask", FAILED, "KeyboardInterrupt: "),
        ("teardown", DONE, ""),
    ]


def test_a_note_is_said_and_kept_by_the_step_that_is_going_on(journal):
    said = []
    journal.note("before", said.append)
    with journal.step("train") as entry:
        journal.note("during", said.append)
    assert (said, entry.notes) == (["before", "during"], ["during"])


@pytest.mark.parametrize(
    ("reached", "expected"),
    [
        (["a", "end"], ["a", "b", "c", "end"]),
        (["a", "b", "c", "end"], ["a", "b", "c", "end"]),
        (["end"], ["a", "b", "c", "end"]),
        (["b", "end"], ["b", "a", "c", "end"]),
    ],
)
def test_steps_that_were_not_begun_stand_before_the_teardown(journal, reached, expected):
    for name in reached:
        with journal.step(name):
            pass
    journal.unreached(["a", "b", "c", "end"])
    assert [each.name for each in journal.entries] == expected
    assert {each.state for each in journal.entries if each.name not in reached} <= {NOT_REACHED}


def written(*entries, findings=()):
    return report.document(PLAN, "eu-west-1", entries, findings, HIDDEN)


def test_the_report_begins_with_what_was_run_where_and_what_it_costs_at_most():
    text = written()
    assert text.startswith("# Smoke run of project-template ")
    assert "Region eu-west-1, recipe amazon-sentences, Python 3." in text
    assert " USD, 60 minutes." in text
    assert text.endswith("\n")


def test_every_step_and_finding_is_a_row_whose_text_stays_in_its_cell():
    failed = Entry("train", FAILED, 12.6, "SmokeError: a | b\nc  of acme")
    found = Finding("a_probe", Verdict.DIFFERS, "arn:aws:sagemaker:eu-west-1:123456789012:model/x | y")
    text = written(Entry("publish", DONE, 0.4), failed, findings=[found])
    assert "| publish | done | 0 |  |" in text
    assert r"| train | failed | 13 | SmokeError: a \| b c of <organisation> |" in text
    assert r"| a_probe | differs | <arn sagemaker model> \| y |" in text


def test_a_step_without_notes_and_answers_has_no_section():
    text = written(Entry("publish", DONE), Entry("train", DONE, notes=["Registered for acme"]))
    assert "## publish" not in text
    assert "## train\n\n- Registered for <organisation>\n" in text


def answered(answer, calls=1):
    kept = Answer("sagemaker:DescribeProject", 200, calls, "request-1", answer)
    return written(Entry("create", DONE, answers={("x", 200, ""): kept}))


def test_an_answer_is_json_with_its_status_and_how_often_it_came():
    text = answered({"b": 1, "a": "Größe", "account": 123456789012}, calls=3)
    assert "`sagemaker:DescribeProject` HTTP 200, 3 calls, the last, request request-1" in text
    assert '{"a": "Größe", "account": "<account>", "b": 1}' in text
    assert ", 1 calls" not in answered({})


@pytest.mark.parametrize(("length", "is_cut"), [(1500 - 9, False), (1500 - 8, True)])
def test_a_long_answer_is_cut_and_says_how_long_it_was(length, is_cut):
    text = answered({"a": "x" * length})
    assert (f"({length + 9} characters)" in text) is is_cut


def test_an_answer_with_fences_does_not_end_its_own():
    text = answered({"a": "```\n# not a heading"})
    assert text.count("```") == 2
    assert "'''" in text

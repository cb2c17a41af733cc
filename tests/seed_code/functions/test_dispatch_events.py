"""Whatever event the dispatch function is given, it is understood whole or refused whole."""

from hypothesis import given
from hypothesis import strategies as st

from dispatch.errors import EventError
from dispatch.event import EVENT_TYPES, parse
from tests.properties.budget import SCALARS, budget, changed, documents
from tests.seed_code.functions.test_dispatch import ARN, GROUP, event

VALUES = (
    documents(keys=st.sampled_from(["detail", "ModelPackageArn", "a"]))
    | SCALARS
    | st.sampled_from(
        [
            *(ARN, ARN + "\n", ARN.upper(), ARN.replace("/2", "/02"), ARN.replace("123456789012", "210987654321")),
            *("Approved", "approved", "Rejected\n", GROUP, GROUP.upper(), 2, "2", 2.0, True, ["ModelApprovalStatus"]),
        ]
    )
)  # fmt: skip


@budget(150)
@given(data=st.data())
def test_an_event_with_nodes_changed_tells_of_one_package_or_is_refused(data):
    given_event = event()
    for _ in range(data.draw(st.integers(1, 3))):
        given_event = changed(given_event, VALUES, data.draw)
    try:
        found = parse(given_event)
    except EventError as refused:
        assert str(refused)
        return
    if not found.not_for(GROUP):
        assert found.event_type in EVENT_TYPES.values()
        payload = found.payload
        assert payload["model_package_arn"].endswith(f"/{payload['version']}")
        assert payload["model_package_arn"].lower().split("/")[1] == GROUP.lower()
        assert all(isinstance(payload[name], str) and payload[name] for name in ("event_id", "time"))


@budget(60)
@given(anything=documents())
def test_what_is_no_event_at_all_is_refused(anything):
    try:
        parse(anything)
    except EventError as refused:
        assert str(refused)
    else:
        raise AssertionError(f"{anything!r} is no event")

from model_common.cli.columns import aligned


def test_columns_begin_at_the_same_place_and_no_line_ends_in_spaces():
    rows = [("version", "why"), ("1", "first of all"), ("12", "")]
    assert aligned(rows) == ["version  why", "1        first of all", "12"]

"""Undersampling and oversampling of a written split."""

from collections import Counter

import pytest

from preparation.rebalance import OVERSAMPLE, UNDERSAMPLE, rebalance


def line(label, number):
    word = chr(97 + number % 26) + chr(97 + number // 26 % 26)
    return f"__label__{label} text {word}\n"


@pytest.fixture
def rebalanced(tmp_path):
    """Rebalances lines; the lines that are written, and the summary."""

    def rebalanced(lines, method, absent=()):
        file = tmp_path / "train.txt"
        file.write_text("".join(lines))
        counts = Counter(each.split()[0].removeprefix("__label__") for each in lines)
        found = rebalance(file, {**dict.fromkeys(absent, 0), **counts}, method)
        assert [path.name for path in tmp_path.iterdir()] == ["train.txt"]
        return file.read_text().splitlines(keepends=True), found.summary()

    return rebalanced


def labels(lines):
    return Counter(each.split()[0].removeprefix("__label__") for each in lines)


LINES = [line("rare" if n % 7 == 0 else "common" if n % 7 < 5 else "some", n) for n in range(350)]


def test_undersampling_leaves_as_many_as_the_rarest_has_in_their_order(rebalanced):
    written, summary = rebalanced(LINES, UNDERSAMPLE)
    assert labels(written) == {"rare": 50, "common": 50, "some": 50}
    assert [each for each in LINES if each in set(written)] == written
    assert summary == {
        "method": "undersample",
        "before": {"rare": 50, "common": 200, "some": 100},
        "after": {"rare": 50, "common": 50, "some": 50},
    }


@pytest.mark.parametrize(("rare", "common"), [(1, 1), (1, 7), (3, 10), (4, 12), (10, 11), (2, 101)])
@pytest.mark.parametrize("method", [UNDERSAMPLE, OVERSAMPLE])
def test_each_label_has_exactly_the_size_whatever_the_quotient(rebalanced, rare, common, method):
    lines = [line("a", n) for n in range(rare)] + [line("b", n) for n in range(common)]
    size = rare if method == UNDERSAMPLE else common
    written, _ = rebalanced(lines, method)
    assert labels(written) == {"a": size, "b": size}
    assert set(written) <= set(lines)


def test_oversampling_repeats_each_line_about_equally_often(rebalanced):
    lines = [line("a", n) for n in range(7)] + [line("b", n) for n in range(38)]
    written, _ = rebalanced(lines, OVERSAMPLE)
    times = Counter(each for each in written if each.startswith("__label__a "))
    assert set(times) == set(lines[:7])
    assert sorted(times.values()) == [5, 5, 5, 5, 6, 6, 6]  # 38 = 7 * 5 + 3


def test_equal_texts_are_left_out_one_by_one(rebalanced):
    lines = [line("a", 0)] * 10 + [line("b", 0)] * 4
    written, _ = rebalanced(lines, UNDERSAMPLE)
    assert labels(written) == {"a": 4, "b": 4}


def test_which_lines_are_left_out_depends_on_their_texts_and_not_on_their_places(rebalanced):
    forward, _ = rebalanced(LINES, UNDERSAMPLE)
    backward, _ = rebalanced(LINES[::-1], UNDERSAMPLE)
    same = len(set(forward) & set(backward))
    assert same > 140  # texts of one bucket alone may change


def test_a_label_without_a_line_stays_without_one(rebalanced):
    lines = [line("a", n) for n in range(3)] + [line("b", n) for n in range(9)]
    for method, size in ((UNDERSAMPLE, 3), (OVERSAMPLE, 9)):
        written, summary = rebalanced(lines, method, absent=["c"])
        assert labels(written) == {"a": size, "b": size}
        assert summary["after"] == {"c": 0, "a": size, "b": size}

"""Ranges of a file: where they are cut, and what comes out of them."""

import itertools

import pytest

from reading import ranges


@pytest.fixture
def file(tmp_path):
    def file(content):
        path = tmp_path / "data.txt"
        path.write_bytes(content)
        return path

    return file


@pytest.mark.parametrize(
    ("content", "start"),
    [(b"", 0), (b"a", 0), (b"\xef\xbb\xbf", 3), (b"\xef\xbb\xbfa", 3), (b"\xef\xbb", 0), (b"a\xef\xbb\xbf", 0), (b"\xff\xfe", 0)],
)  # fmt: skip
def test_a_byte_order_mark_is_no_part_of_the_text(file, content, start):
    assert ranges.start_of_text(file(content)) == start


LINES = b"aa\nbb\ncc\ndd\n"
QUOTED = b'a\n"b\n"\nc\n"d\nd"\n'


@pytest.mark.parametrize(
    ("content", "quoted", "count", "cuts"),
    [
        (LINES, False, 1, [0, 12]),
        (LINES, False, 2, [0, 9, 12]),  # the line of the middle belongs to the first
        (LINES, False, 3, [0, 6, 9, 12]),
        (LINES, False, 4, [0, 6, 9, 12]),
        (LINES, False, 100, [0, 3, 6, 9, 12]),
        (b"one line", False, 4, [0, 8]),
        (b"one line\n", False, 4, [0, 9]),
        (b"\n\n\n\n", False, 2, [0, 3, 4]),
        (QUOTED, True, 2, [0, 9, 15]),
        (QUOTED, True, 100, [0, 2, 7, 9, 15]),
        (QUOTED, False, 100, [0, 2, 5, 7, 9, 12, 15]),
        (b'"a\nb\nc\n', True, 3, [0, 7]),  # a quote that is never closed
    ],
)
def test_ranges_end_behind_a_line_and_never_inside_quotes(file, content, quoted, count, cuts):
    found = ranges.cut(file(content), 0, len(content), count, quoted)
    assert found == list(itertools.pairwise(cuts))


def test_ranges_lie_between_the_offsets_that_are_given(file):
    path = file(b"header\n" + LINES)
    assert ranges.cut(path, 7, 16, 2, False) == [(7, 13), (13, 16)]
    assert ranges.cut(path, 7, 16, 1, True) == [(7, 16)]


def test_a_line_longer_than_a_block_is_not_cut(file, monkeypatch):
    monkeypatch.setattr(ranges, "_BLOCK", 4)
    content = b"a" * 21 + b"\n" + b'"' + b"b\n" * 9 + b'"\nc\n'
    assert ranges.cut(file(content), 0, len(content), 2, False) == [(0, 25), (25, 45)]
    assert ranges.cut(file(content), 0, len(content), 2, True) == [(0, 43), (43, 45)]


def read(path, start, end):
    with ranges.Range(path, start, end) as source:
        pieces = []
        while piece := source.read(5):
            pieces.append(piece)
        return b"".join(pieces), source.has_zero_bytes


@pytest.mark.parametrize(
    ("start", "end", "content"),
    [(0, 12, LINES), (3, 6, b"bb\n"), (0, 0, b""), (12, 12, b""), (4, 5, b"b"), (9, 99, b"dd\n")],
)
def test_a_range_is_the_bytes_between_its_offsets(file, start, end, content):
    assert read(file(LINES), start, end) == (content, False)


def test_zero_bytes_come_out_as_a_byte_that_is_no_utf_8(file):
    assert read(file(b"a\0b\0\0c"), 0, 6) == (b"a\xffb\xff\xffc", True)
    assert read(file(b"a\0b"), 2, 3) == (b"b", False)
    with ranges.lines(ranges.Range(file(b"a\0b\n"), 0, 4), "\n") as lines:
        assert list(lines) == [f"a{ranges.ZERO}b\n"]


@pytest.mark.parametrize(
    ("newline", "lines"),
    [("\n", ["a\rb\n", "c\u2028\x85\n"]), ("", ["a\r", "b\n", "c\u2028\x85\n"])],
    ids=["a newline alone ends them", "every kind of end"],
)
def test_lines_keep_their_ends(file, newline, lines):
    content = "a\rb\nc\u2028\x85\n".encode()
    with ranges.lines(ranges.Range(file(content), 0, len(content)), newline) as found:
        assert list(found) == lines


def test_bytes_that_are_no_utf_8_are_lone_surrogates(file):
    content = b"caf\xe9 \xc3\xa9\n"
    with ranges.lines(ranges.Range(file(content), 0, len(content)), "\n") as found:
        [line] = found
    assert line == "caf\udce9 \u00e9\n"
    assert not ranges.is_utf8(line)
    assert ranges.is_utf8("caf\u00e9 \U0001f600")

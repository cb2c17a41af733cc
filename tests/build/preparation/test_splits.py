"""The split of a row: by hash, by place, by file."""

import zlib

import pytest

from preparation.splits import TEST, TRAIN, VALIDATION, fingerprint, given, ordered, splitter

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1, "seed": 0}


@pytest.mark.parametrize(
    ("tokens", "letters"),
    [
        (b"love it !", b"loveit"), (b"Love  IT, 2 times.", b"loveittimes"), (b" love\tit ", b"loveit"), (b"l0ve_it", b"lveit"),
        ("caf\u00e9 au lait".encode(), "caf\u00e9aulait".encode()), (b"12 34", b"12 34"), (b" 12   34 ! ", b"12 34 !"), (b":)", b":)"), (b"", b""),
    ],
)  # fmt: skip
def test_a_fingerprint_is_the_crc_32_of_the_letters_or_of_the_tokens(tokens, letters):
    assert fingerprint(tokens) == zlib.crc32(letters)


def test_the_crc_32_is_the_one_of_zip_and_png():
    # The check value of CRC-32/ISO-HDLC, of the digits 1 to 9; here for tokens without a letter.
    assert fingerprint(b"123456789") == 0xCBF43926


def texts(count):
    return [
        f"text {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}".encode() for n in range(count)
    ]


def test_a_row_is_in_the_test_below_its_share_of_the_hashes_and_in_validation_next():
    split = splitter(SHARES | {"validation": 0.2})
    for tokens in texts(2000):
        share = fingerprint(tokens) / 2**32
        assert split(tokens, 0) == (TEST if share < 0.1 else VALIDATION if share < 0.3 else TRAIN)


@pytest.mark.parametrize("seed", [0, 1, 7, 12345])
def test_the_holdout_depends_on_its_own_share_and_the_seed_alone(seed):
    one, other = splitter(SHARES | {"seed": seed}), splitter(SHARES | {"seed": seed, "validation": 0.3})
    assert {t for t in texts(3000) if one(t, 0) == TEST} == {t for t in texts(3000) if other(t, 0) == TEST}
    larger = splitter(SHARES | {"seed": seed, "test": 0.2})
    assert {t for t in texts(3000) if one(t, 0) == TEST} < {t for t in texts(3000) if larger(t, 0) == TEST}


@pytest.mark.parametrize("seed", [0, 1, 99])
def test_the_shares_are_met(seed):
    split = splitter({"validation": 0.25, "test": 0.25, "seed": seed})
    found = [split(tokens, 0) for tokens in texts(8000)]
    assert found.count(TEST) == pytest.approx(2000, abs=160)
    assert found.count(VALIDATION) == pytest.approx(2000, abs=160)


def test_seeds_are_splits_that_have_nothing_to_do_with_each_other():
    holdouts = [
        {t for t in texts(5000) if splitter(SHARES | {"seed": seed})(t, 0) == TEST} for seed in (0, 1, 2)
    ]
    for index, one in enumerate(holdouts):
        for other in holdouts[:index]:
            assert len(one & other) == pytest.approx(50, abs=35)


@pytest.mark.parametrize("seed", [0, 3])
def test_a_share_of_nought_or_one_is_none_or_all(seed):
    assert {splitter({"validation": 0.0, "test": 0.0, "seed": seed})(t, 0) for t in texts(500)} == {TRAIN}
    assert {splitter({"validation": 1.0, "test": 0.0, "seed": seed})(t, 0) for t in texts(500)} == {
        VALIDATION
    }
    assert {splitter({"validation": 0.0, "test": 1.0, "seed": seed})(t, 0) for t in texts(500)} == {TEST}


@pytest.mark.parametrize(
    ("total", "last_of_train", "last_of_validation"),
    [(10, 8, 9), (100, 80, 90), (4, 3, 3), (1, 1, 1), (15, 12, 14)],
)
def test_an_ordered_split_is_by_the_number_of_the_row(total, last_of_train, last_of_validation):
    split = ordered(SHARES, total)
    found = [split(b"whatever", number) for number in range(1, total + 1)]
    assert found == (
        [TRAIN] * last_of_train
        + [VALIDATION] * (last_of_validation - last_of_train)
        + [TEST] * (total - last_of_validation)
    )


def test_a_file_is_one_split_but_for_a_validation_that_has_none():
    assert {given(TEST, 0.5)(tokens, 0) for tokens in texts(200)} == {TEST}
    assert {given(VALIDATION, None)(tokens, 0) for tokens in texts(200)} == {VALIDATION}
    assert {given(TRAIN, None)(tokens, 0) for tokens in texts(200)} == {TRAIN}
    found = [given(TRAIN, 0.25)(tokens, 0) for tokens in texts(4000)]
    assert found.count(VALIDATION) == pytest.approx(1000, abs=110)
    assert found.count(TEST) == 0

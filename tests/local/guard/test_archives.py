"""Archives are unpacked whole and within limits, or not at all."""

import errno
import gzip
import io
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws.kernel import archives
from local_aws.kernel.archives import ArchiveError, DiskFullError, unpack_tar, unpack_zip

FILES = {"model.bin": b"m" * 3000, "code/inference.py": b"x = 1\n"}


def tar(files=FILES):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as opened:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def packed(tmp_path, plain):
    path = tmp_path / "model.tar.gz"
    path.write_bytes(gzip.compress(plain))
    return path


def zipped(files=FILES):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return buffer.getvalue()


def left(tmp_path):
    return sorted(path.name for path in tmp_path.iterdir() if path.name != "model.tar.gz")


def test_a_whole_archive_is_unpacked(tmp_path):
    unpack_tar(packed(tmp_path, tar()), tmp_path / "model")
    unpack_zip(zipped(), tmp_path / "code", 10_000)
    for folder in ("model", "code"):
        assert {name: (tmp_path / folder / name).read_bytes() for name in FILES} == FILES


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.data())
def test_an_archive_that_is_cut_off_anywhere_leaves_nothing(tmp_path_factory, data):
    tmp_path = tmp_path_factory.mktemp("cut")
    whole = gzip.compress(tar())
    path = tmp_path / "model.tar.gz"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ArchiveError):
        unpack_tar(path, tmp_path / "model")
    code = zipped()
    with pytest.raises(ArchiveError):
        unpack_zip(code[: data.draw(st.integers(0, len(code) - 1))], tmp_path / "code", 10_000)
    assert left(tmp_path) == []


@pytest.mark.parametrize("end", [512, 1024, 4096, 512 + 3072])
def test_a_tar_that_ends_between_two_members_is_cut_off_although_its_gzip_is_whole(tmp_path, end):
    with pytest.raises(ArchiveError, match="cut off"):
        unpack_tar(packed(tmp_path, tar()[:end]), tmp_path / "model")
    assert left(tmp_path) == []


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.integers(0, 400), st.integers(1, 255))
def test_a_damaged_byte_never_gives_other_content(tmp_path_factory, place, change):
    tmp_path = tmp_path_factory.mktemp("damaged")
    code = bytearray(zipped())
    code[place % len(code)] ^= change
    try:
        unpack_zip(bytes(code), tmp_path / "code", 10_000)
    except ArchiveError:
        assert left(tmp_path) == []
        return
    found = [path.read_bytes() for path in (tmp_path / "code").rglob("*") if path.is_file()]
    assert set(found) <= set(FILES.values())


def test_a_bomb_is_refused_before_it_bursts(tmp_path):
    with pytest.raises(ArchiveError, match="larger than 1000000 bytes"):
        unpack_tar(packed(tmp_path, tar({"zeros": bytes(2_000_000)})), tmp_path / "model", 1_000_000)
    with pytest.raises(ArchiveError, match="smaller than 1000000 bytes"):
        unpack_zip(zipped({"zeros": bytes(2_000_000)}), tmp_path / "code", 1_000_000)
    assert left(tmp_path) == []


def test_the_ratio_of_a_large_archive_has_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "SMALL", 1_000_000)
    monkeypatch.setattr(archives, "RATIO", 100)
    with pytest.raises(ArchiveError, match="more than 100 times larger"):
        unpack_tar(packed(tmp_path, tar({"zeros": bytes(2_000_000)})), tmp_path / "model")


@pytest.mark.parametrize("name", ["../out", "a/../../out"])
def test_nothing_is_written_outside(tmp_path, name):
    with pytest.raises(ArchiveError):
        unpack_tar(packed(tmp_path, tar({name: b"x"})), tmp_path / "deep" / "model")
    assert not list(tmp_path.rglob("out"))


def test_a_full_disk_is_said_as_such_and_nothing_stays(tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "extract", full)
    with pytest.raises(DiskFullError, match="is full: make room"):
        unpack_tar(packed(tmp_path, tar()), tmp_path / "model")
    assert left(tmp_path) == []


def test_an_archive_whose_members_end_at_a_damaged_header_is_refused(tmp_path):
    plain = bytearray(tar({"a": b"first", "b": b"second"}))
    plain[1024 + 150] ^= 0xFF  # in the checksum of the second header
    with pytest.raises(ArchiveError, match="damaged: there is no member's header at byte 1024"):
        unpack_tar(packed(tmp_path, bytes(plain)), tmp_path / "unpacked")
    assert not (tmp_path / "unpacked").exists()


def test_a_sparse_member_is_refused_by_name(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as opened:
        member = tarfile.TarInfo("model.bin")
        member.size = 512
        member.pax_headers = {
            "GNU.sparse.size": str(2**40),
            "GNU.sparse.numblocks": "1",
            "GNU.sparse.map": "0,512",
        }
        opened.addfile(member, io.BytesIO(bytes(512)))
    with pytest.raises(ArchiveError, match=r"model\.bin is sparse"):
        unpack_tar(packed(tmp_path, buffer.getvalue()), tmp_path / "unpacked")

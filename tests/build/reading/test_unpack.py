"""Compressed files and archives, made by hand: what is unpacked, how far, and what is refused."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from failure import StepError
from reading import unpack

TEXT = b"text,label\na lamp,pos\n"


@pytest.fixture
def unpacked(tmp_path):
    """Unpacks bytes as the file FILE; returns what comes out, and the names left in the scratch folder."""

    def unpacked(content, most=None):
        file = tmp_path / "file"
        file.write_bytes(content)
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        found = unpack.unpacked(file, "FILE", scratch, most)
        assert file.read_bytes() == content
        return found.read_bytes(), sorted(path.name for path in scratch.iterdir())

    return unpacked


def tarred(*names, mode="w"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(TEXT)
            archive.addfile(member, io.BytesIO(TEXT))
    return stream.getvalue()


def zipped(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, TEXT)
    return stream.getvalue()


def test_a_plain_file_stays_where_it_is(unpacked):
    assert unpacked(TEXT) == (TEXT, [])
    assert unpacked(b"") == (b"", [])
    assert unpacked(b"PK is not an archive") == (b"PK is not an archive", [])


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_layers_are_unpacked_and_only_the_last_one_is_left(unpacked, layers):
    content = TEXT
    for _ in range(layers):
        content = gzip.compress(content, mtime=0)
    assert unpacked(content) == (TEXT, [f"unpacked-{layers - 1}"])


def test_four_layers_are_refused(unpacked):
    content = TEXT
    for pack in (gzip.compress, bz2.compress, lzma.compress, gzip.compress):
        content = pack(content)
    with pytest.raises(StepError) as caught:
        unpacked(content)
    assert str(caught.value) == (
        "FILE is packed 4 times or more. Expected: a plain file, or one that is compressed."
    )


@pytest.mark.parametrize(
    "content",
    [tarred("./a.csv"), tarred("a/b/c.csv", ".DS_Store", "__MACOSX/a"), tarred("a.csv", mode="w:bz2"), zipped("a.csv", "Thumbs.db"), zipped("d/", "d/a.csv")],
    ids=["tar", "tar beside hidden files", "tar.bz2", "zip beside a hidden file", "zip with a folder"],
)  # fmt: skip
def test_an_archive_with_one_file_is_that_file(unpacked, content):
    assert unpacked(content)[0] == TEXT


def test_a_tar_s_links_and_folders_are_no_files(unpacked):
    stream = io.BytesIO(tarred("a.csv"))
    with tarfile.open(fileobj=stream, mode="a") as archive:
        for name, kind in (
            ("link", tarfile.SYMTYPE),
            ("hard", tarfile.LNKTYPE),
            ("folder", tarfile.DIRTYPE),
            ("fifo", tarfile.FIFOTYPE),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    assert unpacked(stream.getvalue())[0] == TEXT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tarred("a.csv", "b.csv"), "FILE holds 2 files (a.csv, b.csv). Expected: a tar with exactly one file."),
        (tarred(".hidden"), "FILE holds 0 files (nothing). Expected: a tar with exactly one file."),
        (zipped(*"abcdefg"), "FILE holds 7 files (a, b, c, d, e). Expected: a zip with exactly one file."),
        (zipped("xl/workbook.xml", "a"), "FILE is an Excel workbook, which is not read. Save its sheet as CSV in UTF-8."),
    ],
)  # fmt: skip
def test_an_archive_with_another_number_of_files_is_refused_naming_them(unpacked, content, message):
    with pytest.raises(StepError) as caught:
        unpacked(content)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"), (b"Rar!\x1a\x07\x01\x00", "a RAR archive"), (b"\x28\xb5\x2f\xfd", "compressed by Zstandard"),
        (b"\x04\x22\x4d\x18", "compressed by LZ4"), (b"\xff\x06\x00\x00sNaPpY", "compressed by Snappy"), (b"\x1f\x9d\x90", "compressed by compress (.Z)"),
        (b"Obj\x01", "Avro"), (b"ORC", "ORC"), (b"ARROW1\0\0", "an Arrow (Feather) file"), (b"SQLite format 3\0", "an SQLite database"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file"), (b"%PDF-1.7", "a PDF"), (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\x80\x03}q\0", "a Python pickle"), (b"\x80\x04\x95", "a Python pickle"), (b"\x80\x05\x95", "a Python pickle"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "in gzip"])
def test_what_is_not_read_is_named_by_its_first_bytes(unpacked, start, what, pack):
    with pytest.raises(StepError) as caught:
        unpacked(pack(start + b" and so on"))
    assert str(caught.value) == (
        f"FILE is {what}, which is not read. Expected: CSV, TSV, JSON lines, __label__ lines or Parquet; plain, gzip, bzip2, xz, "
        "zip or tar. Convert it."
    )


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(TEXT * 100, mtime=0)[:-9], gzip.compress(TEXT, mtime=0)[:-1] + b"\xff", b"\x1f\x8b\x08\x00" + bytes(20),
        bz2.compress(TEXT * 100)[:-9], b"BZh9 and no more", lzma.compress(TEXT * 100)[:-9], b"\xfd7zXZ\x00" + bytes(20), zipped("a")[:-20],
        tarred("a.csv")[:530], b"PK\x03\x04" + bytes(40),
    ],
    ids=["gzip cut off", "gzip's checksum", "gzip", "bzip2 cut off", "bzip2", "xz cut off", "xz", "zip cut off", "tar cut off", "zip"],
)  # fmt: skip
def test_what_is_damaged_is_said_to_be(unpacked, content):
    with pytest.raises(
        StepError, match=r"FILE is damaged: .*\. It may have been cut off when it was copied; copy it again\."
    ):
        unpacked(content)


def test_an_archive_with_a_password_is_refused(unpacked):
    content = bytearray(zipped("a.csv"))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1  # the flag of encryption
    with pytest.raises(
        StepError, match=r"FILE cannot be unpacked: .*encrypted.*Expected: a plain zip or gzip file\."
    ):
        unpacked(bytes(content))


def test_a_full_disk_is_told_from_a_damaged_file(tmp_path):
    (tmp_path / "file").write_bytes(gzip.compress(TEXT, mtime=0))
    (tmp_path / "unpacked-0").symlink_to("/dev/full")
    with pytest.raises(StepError) as caught:
        unpack.unpacked(tmp_path / "file", "FILE", tmp_path)
    assert (
        str(caught.value)
        == "The disk is full while FILE is unpacked. Raise processing.volume_gb in the recipe."
    )


def test_a_sample_ends_with_the_block_that_reaches_it(unpacked, monkeypatch):
    monkeypatch.setattr(unpack, "_BLOCK", 10)
    content = gzip.compress(b"0123456789" * 5, mtime=0)
    assert unpacked(content, most=20)[0] == b"0123456789" * 2
    assert unpacked(content, most=21)[0] == b"0123456789" * 3
    assert unpacked(content, most=1000)[0] == b"0123456789" * 5


@pytest.mark.parametrize(("size", "refused"), [(20_000, False), (20_001, True)])
def test_a_file_may_unpack_to_two_hundred_times_its_size(unpacked, monkeypatch, size, refused):
    monkeypatch.setattr(unpack, "_SMALL", 0)
    monkeypatch.setattr(unpack, "_BLOCK", 1)
    content = gzip.compress(bytes(size), mtime=0)
    content += bytes(100 - len(content))  # gzip takes zeros behind its end for padding
    if not refused:
        assert len(unpacked(content)[0]) == size
        return
    with pytest.raises(
        StepError, match=r"FILE has 100 bytes and unpacks to more than 20,001: more than 200 times its size"
    ):
        unpacked(content)


def test_a_small_file_may_shrink_as_it_likes(unpacked):
    assert len(unpacked(gzip.compress(bytes(1 << 20), mtime=0))[0]) == 1 << 20

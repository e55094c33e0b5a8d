import gzip
import zlib

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.records.bridges.tfrecord_file import find_records, framed, read_record

RECORDS = (b"first", b"", b"the third")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "data.tfrecord"
    path.write_bytes(b"".join(map(framed, RECORDS)))
    return path


def read_all(path):
    positions = find_records(path)
    return [read_record(path, positions, number) for number in range(len(positions))]


def test_a_frame_has_exactly_these_bytes():
    # CRC-32C of b"123456789" is 0xE3069283, the check value of its specification. Rotated right by 15 bits it is
    # 0x2507C60D; plus 0xA282EAD8, modulo 2**32: 0xC78AB0E5.
    expected = b"\x09\0\0\0\0\0\0\0" + b"\x37\xf9\x71\x39" + b"123456789" + b"\xe5\xb0\x8a\xc7"
    assert framed(b"123456789") == expected


def test_records_are_found_by_their_headers_and_read_in_any_order(path):
    positions = find_records(path)
    assert positions.lengths.tolist() == [5, 0, 9]
    assert positions.starts.tolist() == [12, 12 + 5 + 4 + 12, 12 + 5 + 4 + 12 + 0 + 4 + 12]
    assert [read_record(path, positions, number) for number in (2, 0, 1)] == [RECORDS[2], RECORDS[0], RECORDS[1]]


def test_an_empty_file_has_no_records(path):
    path.write_bytes(b"")
    assert len(find_records(path)) == 0
    assert find_records(path).starts.dtype == np.int64


def test_a_flipped_bit_anywhere_is_found_and_its_record_named(path):
    intact = path.read_bytes()
    record_of_byte = [number for number, data in enumerate(RECORDS) for _ in range(len(data) + 16)]
    for position, number in enumerate(record_of_byte):
        damaged = bytearray(intact)
        damaged[position] ^= 0x04
        path.write_bytes(bytes(damaged))
        with pytest.raises(DataError, match=rf"data\.tfrecord, record {number}: .*checksum.*differs"):
            read_all(path)


def test_a_file_that_ends_within_a_record_is_found_and_the_record_named(path):
    intact = path.read_bytes()
    ends = np.cumsum([len(data) + 16 for data in RECORDS]).tolist()
    for size in set(range(1, len(intact))) - set(ends):
        path.write_bytes(intact[:size])
        number = sum(end < size for end in ends)
        with pytest.raises(DataError, match=rf"data\.tfrecord, record {number}: the file ends within the record"):
            find_records(path)


def test_a_file_that_became_shorter_since_is_found(path):
    positions = find_records(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="record 2: the file ends within the record"):
        read_record(path, positions, 2)


def test_other_and_missing_files_are_refused_by_name(path):
    path.write_bytes(b"something else entirely")
    with pytest.raises(DataError, match=r"data\.tfrecord, record 0: not a TFRecord file"):
        find_records(path)
    with pytest.raises(DataError, match=r"nothing\.tfrecord: cannot be read \(No such file"):
        find_records(path.with_name("nothing.tfrecord"))


@pytest.mark.parametrize(("name", "compress"), [("GZIP", gzip.compress), ("ZLIB", zlib.compress)])
def test_compressed_files_are_refused_with_the_remedy(path, name, compress):
    path.write_bytes(compress(path.read_bytes()))
    with pytest.raises(ArgumentError, match=rf"compressed as a whole \({name}\).*Python's {name.lower()} module"):
        find_records(path)

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.files import chunks as chunks_module
from acoupipe_grain.files.chunks import cut_into_chunks


def plainly_cut(file_lengths, length, minimum):
    """The same, one file after another."""
    kept, left_out = [], []
    for number, num_rows in enumerate(file_lengths):
        for first in range(0, max(num_rows, 1), length or max(num_rows, 1)):
            place = (number, first, min(length or num_rows, num_rows - first))
            (kept if place[2] >= minimum else left_out).append(place)
    return kept, left_out


def places(chunks):
    return [chunks.place(number) for number in range(len(chunks))]


def test_chunks_follow_each_other_and_the_last_of_a_file_is_shorter():
    chunks = cut_into_chunks([10, 4, 8], 4, 1)
    assert places(chunks) == [(0, 0, 4), (0, 4, 4), (0, 8, 2), (1, 0, 4), (2, 0, 4), (2, 4, 4)]
    assert (chunks.num_left_out, chunks.rows_left_out) == (0, 0)
    assert chunks.common_length is None


def test_chunks_below_the_minimum_are_left_out_and_counted():
    chunks = cut_into_chunks([10, 4, 7], 4, 3)
    assert places(chunks) == [(0, 0, 4), (0, 4, 4), (1, 0, 4), (2, 0, 4), (2, 4, 3)]
    assert (chunks.num_left_out, chunks.rows_left_out) == (1, 2)


def test_whole_files_without_a_length():
    chunks = cut_into_chunks([10, 2, 10], None, 3)
    assert places(chunks) == [(0, 0, 10), (2, 0, 10)]
    assert (chunks.num_left_out, chunks.rows_left_out) == (1, 2)
    assert chunks.common_length == 10


def test_files_without_rows_have_no_chunk_and_are_counted():
    for length in (None, 4):
        chunks = cut_into_chunks([0, 3, 0], length, 1)
        assert places(chunks) == [(1, 0, 3)]
        assert (chunks.num_left_out, chunks.rows_left_out) == (2, 0)


@pytest.mark.parametrize("seed", range(20))
def test_any_files_are_cut_as_one_after_another(seed):
    rng = np.random.default_rng(seed)
    file_lengths = rng.integers(0, 40, rng.integers(1, 9)).tolist()
    length = None if seed % 5 == 0 else int(rng.integers(1, 15))
    minimum = int(rng.integers(1, 5))
    kept, left_out = plainly_cut(file_lengths, length, minimum)
    if not kept:
        with pytest.raises(ArgumentError, match="no chunk is left"):
            cut_into_chunks(file_lengths, length, minimum)
        return
    chunks = cut_into_chunks(file_lengths, length, minimum)
    assert places(chunks) == kept
    assert chunks.num_left_out == len(left_out)
    assert chunks.rows_left_out == sum(place[2] for place in left_out)
    assert chunks.num_rows.sum() + chunks.rows_left_out == sum(file_lengths)


def test_where_none_is_left_the_error_names_lengths_and_remedy():
    with pytest.raises(
        ArgumentError,
        match=r"min_samples=5: no chunk is left, with num_samples=4 the longest of 5 in 2 files of at most 10 samples "
        r"has 4 samples; use a smaller min_samples or a larger num_samples, or longer files\.",
    ):
        cut_into_chunks([10, 7], 4, 5, names=("num_samples", "min_samples"), unit="samples")
    with pytest.raises(ArgumentError, match=r"min_rows=9: .*num_rows=None .*has 8 rows; use a smaller min_rows, or"):
        cut_into_chunks([8, 2], None, 9)


def test_more_chunks_than_records_can_be_or_fit_into_memory_are_refused(monkeypatch):
    with pytest.raises(ArgumentError, match=r"num_rows=1: the files have 3000000000 chunks, at most 2147483647 can"):
        cut_into_chunks([1_000_000_000] * 3, 1, 1)
    monkeypatch.setattr(chunks_module, "BYTES_PER_CHUNK", 2**60)
    with pytest.raises(ArgumentError, match=r"num_rows=5: the files have 2 chunks: .* GiB of memory.*longer chunks"):
        cut_into_chunks([10], 5, 1)


def test_the_table_cannot_be_written_to():
    chunks = cut_into_chunks([10], 4, 1)
    with pytest.raises(ValueError, match="read-only"):
        chunks.first_rows[0] = 1

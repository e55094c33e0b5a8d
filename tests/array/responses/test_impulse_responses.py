import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from acoupipe_grain.array.responses import ImpulseResponses, as_impulse_responses
from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError


@pytest.fixture
def responses(numbers):
    return ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium, name="small")


def test_arrays_come_back_as_they_were_given(numbers, responses):
    assert (responses.num_sources, responses.num_mics, responses.num_taps) == (7, 5, 11)
    assert (responses.sample_rate, responses.speed_of_sound, responses.name) == (16000.0, 344.5, "small")
    np.testing.assert_array_equal(responses.source_positions, numbers.source_positions)
    np.testing.assert_array_equal(responses.mic_positions, numbers.mic_positions)
    np.testing.assert_array_equal(responses.read(range(7)), numbers.responses)


def test_reading_gives_sources_in_the_order_asked_for_as_copies(numbers, responses):
    read = responses.read([4, 0, 4])
    assert read.flags.c_contiguous
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, numbers.responses[[4, 0, 4]])
    read[:] = 0
    np.testing.assert_array_equal(responses.read(np.array([4])), numbers.responses[[4]])


def test_no_indices_give_no_responses(responses):
    assert responses.read([]).shape == (0, 5, 11)


@pytest.mark.parametrize("index", [-1, 7])
def test_an_index_outside_is_an_error(responses, index):
    with pytest.raises(RecordIndexError, match=f"indices: {index}; expected integers from 0 to 6"):
        responses.read([0, index])


@pytest.mark.parametrize("indices", [[0.5], [True], 3, [[1]]])
def test_indices_that_are_no_list_of_integers_are_refused(responses, indices):
    with pytest.raises(ArgumentError, match="expected a list of integers"):
        responses.read(indices)


def test_what_is_given_is_copied(numbers, responses):
    before = numbers.responses.copy()
    numbers.responses[:] = 0
    numbers.source_positions[:] = 0
    np.testing.assert_array_equal(responses.read(range(7)), before)
    assert responses.source_positions.any()
    with pytest.raises(ValueError, match="read-only"):
        responses.source_positions[0, 0] = 1


def test_double_precision_is_kept_in_single(numbers):
    doubled = numbers.responses.astype(np.float64) * (1 + 1e-12)
    made = ImpulseResponses.from_arrays(doubled, *numbers.arrays[1:], **numbers.medium)
    np.testing.assert_array_equal(made.read([2])[0], numbers.responses[2])


def test_equality_is_that_of_content(numbers, responses):
    other = ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium, name="another name")
    assert responses == other
    assert hash(responses) == hash(other)
    assert repr(responses) == repr(other)
    assert responses != "responses"


@pytest.mark.parametrize("changed", ["responses", "source_positions", "mic_positions", "sample_rate", "speed_of_sound"])
def test_whatever_changes_changes_the_fingerprint(numbers, responses, changed):
    value = getattr(numbers, changed)
    if isinstance(value, float):
        value += 1
    else:
        value[-1, -1] += 0.25
    setattr(numbers, changed, value)
    other = ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)
    assert other.fingerprint != responses.fingerprint
    assert other != responses


def test_sources_cannot_be_mistaken_for_microphones_in_the_fingerprint(numbers):
    square = numbers.responses[:5]
    sources, mics = numbers.source_positions[:, :5], numbers.mic_positions
    one = ImpulseResponses.from_arrays(square, sources, mics, **numbers.medium)
    other = ImpulseResponses.from_arrays(square, mics, sources, **numbers.medium)
    assert one.fingerprint != other.fingerprint


def test_the_fingerprint_is_what_it_was():
    # A change here means that configurations stored so far no longer find their responses: raise RESPONSES_VERSION.
    made = ImpulseResponses.from_arrays(
        np.ones((1, 1, 2)), [[0], [0], [1]], [[0], [0], [0]], sample_rate=1000, speed_of_sound=343
    )
    assert made.fingerprint == "a7c9af2e838fa78d35772d7013f7fc751ab25154c655924202694faa80d2e342"


def test_blocks_of_any_size_give_the_same_fingerprint(responses, monkeypatch, numbers):
    monkeypatch.setattr("acoupipe_grain.array.responses.stored_responses.BLOCK_BYTES", 2 * 4 * 5 * 11)
    assert [len(block) for _, block in responses.blocks()] == [2, 2, 2, 1]
    assert ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium).fingerprint == responses.fingerprint


def test_pickles_are_equal_and_read_the_same(numbers, responses):
    again = pickle.loads(pickle.dumps(responses))
    assert again == responses
    np.testing.assert_array_equal(again.read([3]), numbers.responses[[3]])


def test_threads_read_the_same(numbers, responses):
    with ThreadPoolExecutor(4) as pool:
        for index, read in enumerate(pool.map(responses.read, [[index] for index in range(7)])):
            np.testing.assert_array_equal(read[0], numbers.responses[index])


@pytest.mark.parametrize("dtype", [np.int16, np.complex64, bool])
def test_responses_of_other_numbers_are_refused(numbers, dtype):
    with pytest.raises(ArgumentError, match=f"responses: {np.dtype(dtype)} of shape .*expected real floating-point"):
        ImpulseResponses.from_arrays(numbers.responses.astype(dtype), *numbers.arrays[1:], **numbers.medium)


def test_responses_of_other_axes_are_refused(numbers):
    with pytest.raises(ArgumentError, match="expected real floating-point numbers, shape"):
        ImpulseResponses.from_arrays(numbers.responses[0], *numbers.arrays[1:], **numbers.medium)


@pytest.mark.parametrize("cut", [np.s_[:6], np.s_[:, :4], np.s_[:, :, :0]])
def test_shapes_that_disagree_are_refused(numbers, cut):
    with pytest.raises(ArgumentError, match=r"shape .*expected \(7 sources, 5 microphones, at least 1 tap\)"):
        ImpulseResponses.from_arrays(numbers.responses[cut], *numbers.arrays[1:], **numbers.medium)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_responses_that_are_not_finite_are_refused(numbers, value):
    numbers.responses[3, 2, 8] = value
    with pytest.raises(ArgumentError, match=f"responses: the response of source 3 to microphone 2 is {value} at tap 8"):
        ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)


def test_large_finite_responses_are_read_without_a_warning(numbers):
    numbers.responses[3, 2, 8] = 3e38
    made = ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)
    assert made.read([3])[0, 2, 8] == np.float32(3e38)


def test_numbers_too_large_for_single_precision_are_refused(numbers):
    too_large = numbers.responses.astype(np.float64)
    too_large[1, 0, 0] = 1e39
    with pytest.raises(ArgumentError, match="source 1 to microphone 0 is inf at tap 0"):
        ImpulseResponses.from_arrays(too_large, *numbers.arrays[1:], **numbers.medium)


def test_an_empty_grid_is_refused(numbers):
    with pytest.raises(ArgumentError, match="source_positions: there are no sources; expected at least one"):
        ImpulseResponses.from_arrays(
            numbers.responses[:0], numbers.source_positions[:, :0], numbers.mic_positions, **numbers.medium
        )


def test_no_microphones_are_refused(numbers):
    with pytest.raises(ArgumentError, match="mic_positions: there are no microphones"):
        ImpulseResponses.from_arrays(
            numbers.responses[:, :0], numbers.source_positions, numbers.mic_positions[:, :0], **numbers.medium
        )


def test_one_source_and_one_microphone_are_enough(numbers):
    made = ImpulseResponses.from_arrays(
        numbers.responses[:1, :1], numbers.source_positions[:, :1], numbers.mic_positions[:, :1], **numbers.medium
    )
    np.testing.assert_array_equal(made.read([0]), numbers.responses[:1, :1])


@pytest.mark.parametrize("name", ["source_positions", "mic_positions"])
def test_positions_of_another_shape_are_refused(numbers, name):
    setattr(numbers, name, getattr(numbers, name).T)
    with pytest.raises(ArgumentError, match=rf"{name}: float64 of shape .*expected real numbers in m, shape \(3, "):
        ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)


def test_positions_in_ragged_lists_are_refused(numbers):
    numbers.mic_positions = [[1.0, 2.0], [3.0], [4.0, 5.0]]
    with pytest.raises(ArgumentError, match=r"mic_positions: .*expected shape \(3, number of microphones\)"):
        ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)


def test_positions_that_are_not_finite_are_refused(numbers):
    numbers.source_positions[1, 4] = np.nan
    with pytest.raises(ArgumentError, match="source_positions: number 4 is at .*expected finite numbers"):
        ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)


@pytest.mark.parametrize("apart", [0.0, 9e-7])
def test_two_sources_at_one_place_are_refused(numbers, apart):
    numbers.source_positions[:, 6] = numbers.source_positions[:, 2] + [0, apart, 0]
    with pytest.raises(ArgumentError, match="source_positions: sources 2 and 6 are both at"):
        ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)


def test_many_sources_at_one_place_are_refused(numbers):
    numbers.source_positions[:] = 0.5
    with pytest.raises(ArgumentError, match=r"source_positions: sources \d and \d are both at"):
        ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium)


def test_sources_next_to_each_other_are_taken(numbers):
    numbers.source_positions[:, 6] = numbers.source_positions[:, 2] + [0, 1.1e-6, 0]
    assert ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium).num_sources == 7


@pytest.mark.parametrize(("name", "unit"), [("sample_rate", "Hz"), ("speed_of_sound", "m/s")])
@pytest.mark.parametrize("value", [0, -1.0, np.nan, "fast", None])
def test_rates_and_speeds_out_of_range_are_refused(numbers, name, unit, value):
    with pytest.raises(ArgumentError, match=f"{name}={value!r}: expected a finite number in {unit}, greater than 0"):
        ImpulseResponses.from_arrays(*numbers.arrays, **numbers.medium | {name: value})


def test_the_object_stands_for_itself(responses):
    assert as_impulse_responses(responses) is responses


def test_responses_of_arrays_are_identified_but_cannot_be_rebuilt(responses):
    stored = responses.to_json()
    assert stored == {"shape": [7, 5, 11], "digest": responses.fingerprint}
    with pytest.raises(ArgumentError, match=f"those of digest {responses.fingerprint[:16]} were made of arrays"):
        as_impulse_responses(stored)


@pytest.mark.parametrize("value", [3, None, ["a.h5"]])
def test_what_is_neither_responses_nor_path_nor_mapping_is_refused(value):
    with pytest.raises(ArgumentError, match="expected ImpulseResponses, the path of a file"):
        as_impulse_responses(value)


def test_an_unknown_argument_is_refused():
    with pytest.raises(ArgumentError, match="unknown argument of responses: 'sampel_rate'; did you mean 'sample_rate'"):
        as_impulse_responses({"path": "a.h5", "sampel_rate": 1})


def test_a_mapping_without_path_is_refused():
    with pytest.raises(ArgumentError, match="lacks path"):
        as_impulse_responses({"scenario": "A1"})


def test_files_are_rebuilt_from_their_configuration(write_miracle, numbers):
    path = write_miracle()
    loaded = as_impulse_responses(str(path))
    stored = loaded.to_json()
    assert stored == {"path": str(path), "digest": loaded.fingerprint}
    again = as_impulse_responses(stored)
    assert again == loaded
    assert again.to_json() == stored


def test_arguments_are_kept_in_the_configuration(write_miracle):
    path = write_miracle(metadata__c0=None, metadata__sampling_rate=None)
    loaded = ImpulseResponses.load(path, speed_of_sound=np.float32(340), sample_rate=8000, layout="hdf5")
    stored = json.loads(json.dumps(loaded.to_json()))
    assert stored == {
        "path": str(path),
        "speed_of_sound": 340.0,
        "sample_rate": 8000.0,
        "layout": "hdf5",
        "digest": loaded.fingerprint,
    }
    assert as_impulse_responses(stored) == loaded


def test_a_file_with_other_content_than_configured_is_refused(write_miracle, numbers):
    stored = ImpulseResponses.load(write_miracle()).to_json()
    numbers.responses[6, 4, 10] += 1
    write_miracle()
    with pytest.raises(DataError, match=f"not {stored['digest'][:16]}: other responses"):
        as_impulse_responses(stored)

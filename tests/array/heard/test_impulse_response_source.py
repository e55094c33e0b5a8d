"""Sources heard through impulse responses against free field, definitions, and the expectation of Welch's estimate."""

import pickle

import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.simulate.random_numbers import source_waveform
from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError

MODES = ("welch", "analytic", "wishart")
ESTIMATED = ("csm", "source_strength_analytic", "source_strength_estimated")
QUIET = {"mic_sig_noise": False, "nsources": 1, "max_nsources": 1}


def heard(responses, num_records=6, **arguments):
    defaults = {"seed": 3, "engine": "jax", "signal_length": 0.5, "max_nsources": 4}
    return apg.ImpulseResponseSource(responses, num_records, **(defaults | arguments))


def below(setup, share=0.9):
    return setup.bin_frequencies <= share * setup.sample_rate / 2


@pytest.fixture(scope="module")
def both(free_field):
    arguments = {
        "seed": 4,
        "mode": "analytic",
        "max_nsources": 3,
        "features": ("csm", "sourcemap", "loc", "source_strength_analytic", "targetmap_analytic"),
        "locations": {"dist": "uniform", "loc": -0.5, "scale": 1.0},
    }
    through = apg.ImpulseResponseSource(free_field, 24, **arguments)
    free = apg.SyntheticSource(24, setup=through.setup, snap_to_grid=True, mic_pos_noise=False, **arguments)
    # Two sources of one place are set apart in another way.
    same = [index for index in range(24) if np.allclose(through[index]["loc"], free[index]["loc"], atol=1e-6)]
    assert len(same) >= 10
    assert max(int(free[index]["num_sources"]) for index in same) == 3
    return through, free, same


class TestFreeField:
    """Responses of free field give what `SyntheticSource` gives."""

    def test_sources_are_all_over_the_grid_and_nearer_to_others_than_to_the_reference(self, both):
        through, _, same = both
        places = {tuple(row) for index in same for row in through[index]["loc"].T if row[2]}
        assert len(places) == 9
        corner = np.array([0.5, 0.5, 0.5])
        away = np.linalg.norm(through.setup.mic_positions - corner[:, None], axis=0)
        assert away.min() < 0.8 * np.linalg.norm(corner - through.setup.reference)

    @pytest.mark.parametrize("name", ["csm", "sourcemap", "source_strength_analytic", "targetmap_analytic"])
    def test_analytic_features_are_those_of_free_field_up_to_nine_tenths_of_nyquist(self, both, name):
        through, free, same = both
        lines = below(through.setup)
        for index in same:
            one, other = through[index][name][lines], free[index][name][lines]
            axes = tuple(range(1, one.ndim))
            assert np.all(np.abs(one - other).max(axes) <= 1e-3 * np.abs(other).max(axes))

    def test_welch_is_expected_to_be_that_of_free_field(self, free_field):
        source = heard(free_field, signal_length=1.0, max_nsources=2, nsources=2)
        lines = below(source.setup)
        scene = source.inputs[0]
        free = {name: array for name, array in scene.items() if name not in ("responses", "signal_line_powers")}
        one = apg.expected_welch_csm(source.setup, scene)[lines]
        other = apg.expected_welch_csm(source.setup, free)[lines]
        assert np.all(np.abs(one - other).max((1, 2)) <= 1e-3 * np.abs(other).max((1, 2)))


class TestReference:
    """A source's strength is its contribution to the reference microphone's auto-power."""

    @pytest.mark.slow
    @pytest.mark.parametrize("mode", MODES)
    def test_of_one_source_the_label_is_the_reference_microphones_power(self, reverberant, mode):
        names = ESTIMATED[:2] if mode == "analytic" else ESTIMATED
        source = heard(reverberant, mode=mode, features=names, f=[0.0, 1000.0, 2500.0, 4000.0], **QUIET)
        reference = 3
        for index in range(3):
            element = source[index]
            power = element["csm"][:, reference, reference].real
            np.testing.assert_allclose(element[names[-1]][:, 0], power, rtol=2e-5, atol=1e-6 * power.max())

    def test_the_analytic_label_is_the_power_of_the_whole_responses_transform(self, reverberant):
        source = heard(reverberant, mode="analytic", features=ESTIMATED[:2], **QUIET)
        scene, element = source.inputs[0], source[0]
        place = np.argmin(np.linalg.norm(reverberant.source_positions - scene["positions"][:, :1], axis=0))
        response = reverberant.read([place])[0, 3].astype(float)
        for line in (0, 5, 40, 64):
            transform = np.sum(response * np.exp(-2j * np.pi * line / 128 * np.arange(response.size)))
            share = (1 if line in (0, 64) else 2) / 128
            expected = share * scene["strengths"][0] * abs(transform) ** 2 / np.sum(response**2)
            assert element["source_strength_analytic"][line, 0] == pytest.approx(expected, rel=1e-5)

    def test_welchs_analytic_label_sums_to_the_strength_exactly(self, reverberant):
        source = heard(reverberant, features=ESTIMATED[1:2])
        for index in range(4):
            element, scene = source[index], source.inputs[index]
            np.testing.assert_allclose(element["source_strength_analytic"].sum(0), scene["strengths"], rtol=1e-6)

    def test_welchs_analytic_label_is_the_expected_power_at_the_reference(self, reverberant):
        for engine in ("jax", "acoular"):
            source = heard(reverberant, engine=engine, features=ESTIMATED[1:2], **QUIET)
            for index in range(2):
                scene = source.inputs[index]
                response = scene["responses"][0, 3].astype(float)
                correlation = np.correlate(response, response, "full")[response.size - 1 :][:128]
                window = np.correlate(np.hanning(128), np.hanning(128), "full")[127:] / np.sum(np.hanning(128) ** 2)
                lags = np.arange(1, 128)
                for line in (1, 20, 63):
                    terms = 2 * (correlation * window)[1:] * np.cos(2 * np.pi * line / 128 * lags)
                    expected = scene["strengths"][0] * 2 / 128 * (correlation[0] + terms.sum())
                    label = source[index]["source_strength_analytic"][line, 0]
                    assert label == pytest.approx(expected, rel=1e-5)
                    csm = apg.expected_welch_csm(source.setup, scene)
                    assert csm[line, 3, 3].real == pytest.approx(expected, rel=1e-10)

    def test_responses_have_unit_energy_at_the_reference_and_keep_their_ratios(self, reverberant):
        source = heard(reverberant)
        scene = source.inputs[0]
        scaled = scene["responses"][0]
        assert np.sum(scaled[3].astype(float) ** 2) == pytest.approx(1.0, rel=1e-6)
        place = np.argmin(np.linalg.norm(reverberant.source_positions - scene["positions"][:, :1], axis=0))
        raw = reverberant.read([place])[0]
        np.testing.assert_allclose(scaled * np.linalg.norm(raw[3]), raw, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
class TestSignals:
    def test_time_signals_are_the_convolution_in_both_engines(self, reverberant):
        names = ("time_data",)
        for engine in ("acoular", "jax"):
            source = heard(reverberant, engine=engine, features=names, mic_sig_noise=False, max_nsources=2, nsources=2)
            scene = source.inputs[1]
            radiated = waveforms(source, scene, engine)
            expected = np.zeros((5, 4000))
            for number in range(2):
                amplitude = np.sqrt(float(scene["strengths"][number]))
                for mic in range(5):
                    full = np.convolve(radiated[number], scene["responses"][number, mic].astype(float))
                    full[: full.size - 4000] += full[4000:]  # what rings on is heard at the period's beginning
                    expected[mic] += amplitude * full[:4000]
            error = np.abs(source[1]["time_data"].T - expected).max()
            assert error <= 1e-6 * np.abs(expected).max()

    def test_coloured_noise_has_the_label_that_it_is_estimated_to_have(self, reverberant):
        signals = {"kind": "colored_noise", "exponent": 1.0, "low": 100.0}
        ratios = []
        for engine in ("acoular", "jax"):
            source = heard(
                reverberant, 20, engine=engine, features=ESTIMATED[1:], signals=signals, signal_length=4.0, **QUIET
            )
            elements = [source[index] for index in range(10)]
            ratios += [
                (item["source_strength_estimated"] / item["source_strength_analytic"])[3:-2, 0] for item in elements
            ]
        # 20 records of some 470 averages; responses that ring for several blocks make them fewer.
        assert np.mean(ratios) == pytest.approx(1.0, abs=0.02)

    @pytest.mark.parametrize("mode", ["analytic", "wishart"])
    def test_correlated_noise_adds_up_in_phase(self, reverberant, mode):
        """Two sources of one signal are one source with the sum of both responses."""
        signals = {"kind": "correlated_noise", "coherence": 1.0}
        source = heard(
            reverberant,
            mode=mode,
            features=("csm",),
            f=1250.0,
            signals=signals,
            nsources=2,
            max_nsources=2,
            mic_sig_noise=False,
        )
        csm, scene = source[0]["csm"][0], source.inputs[0]
        columns = scene["source_transfer"][:, 0].astype(complex) * np.sqrt(scene["strengths"])[:, None]
        total = columns.sum(axis=0)
        direction = total / np.linalg.norm(total)
        captured = np.real(direction.conj() @ csm @ direction)
        assert captured == pytest.approx(np.trace(csm).real, rel=1e-4)

    def test_microphones_with_noise_alone_have_its_label(self, reverberant):
        source = heard(reverberant, mode="analytic", features=("csm", "noise_strength_analytic"))
        quiet = heard(reverberant, mode="analytic", features=("csm",), mic_sig_noise=False)
        added = np.einsum("kmm->km", source[0]["csm"] - quiet[0]["csm"]).real
        np.testing.assert_allclose(added, source[0]["noise_strength_analytic"], rtol=1e-2, atol=1e-6)


def waveforms(source, scene, engine):
    """Return what the sources of a scene radiate, as the engine draws it."""
    if engine == "acoular":
        return source._waveforms.sources(int(scene["idx"]), 2, 4000).astype(float)
    key = jnp.asarray(scene["key"])
    return np.array([source_waveform(key, jnp.int32(number), 4000) for number in range(2)], dtype=float)


class TestScenes:
    def test_sources_are_at_the_measured_points_nearest_to_those_drawn(self, reverberant):
        source = heard(reverberant, 40)
        free = apg.SceneSource(40, seed=3, setup=source.setup, max_nsources=4)
        points = reverberant.source_positions.T
        moved = 0
        for index in range(40):
            scene, drawn = source.inputs[index], free[index]
            count = int(scene["num_sources"])
            places = scene["positions"][:, :count].T
            assert np.abs(places[:, None] - points).max(-1).min(1).max() < 1e-6
            assert len(np.unique(places, axis=0)) == count
            nearest = points[np.linalg.norm(points - drawn["positions"][:, 0], axis=1).argmin()]
            np.testing.assert_allclose(places[0], nearest, atol=1e-6)
            moved += np.any(places[0] != drawn["positions"][:, 0])
        assert moved == 40

    def test_as_many_sources_as_points_find_a_place_each(self, reverberant):
        source = heard(reverberant, 20, features=("loc",), nsources=25, max_nsources=25)
        for index in (0, 7):
            assert len(np.unique(source.inputs[index]["positions"].T, axis=0)) == 25

    def test_points_further_apart_than_the_array_is_wide_find_sources(self, reverberant):
        points = apg.RectGrid(-2.0, 2.0, -2.0, 2.0, 2.0, 1.0).positions
        mics = 0.1 * reverberant.mic_positions
        coarse = apg.ImpulseResponses.from_arrays(
            reverberant.read(range(25)), points, mics, sample_rate=8000.0, speed_of_sound=343.0
        )
        scenes = heard(coarse, 50, features=("loc",)).inputs.batch(range(50))
        for positions, count in zip(scenes["positions"], scenes["num_sources"], strict=True):
            assert len(np.unique(positions[:, :count].T, axis=0)) == count

    def test_modes_and_engines_have_the_same_scenes(self, reverberant):
        sources = [heard(reverberant, mode=mode) for mode in MODES] + [heard(reverberant, engine="acoular")]
        for name in ("positions", "strengths", "noise_power", "seeds"):
            for other in sources[1:]:
                np.testing.assert_array_equal(sources[0].inputs[2][name], other.inputs[2][name])

    def test_microphones_are_where_the_responses_were_measured(self, reverberant):
        np.testing.assert_allclose(heard(reverberant).inputs[0]["mic_positions"], reverberant.mic_positions, atol=1e-7)

    def test_the_setup_is_the_measurements(self, reverberant):
        setup = heard(reverberant, setup={"block_size": 64}).setup
        assert (setup.sample_rate, setup.speed_of_sound, setup.block_size) == (8000.0, 343.0, 64)
        assert setup.grid.shape == (5, 5)
        assert setup.grid.z == pytest.approx(0.6)
        np.testing.assert_array_equal(setup.reference, reverberant.mic_positions[:, 3])

    def test_points_that_make_no_grid_need_one_and_are_used(self, reverberant):
        points = reverberant.source_positions + np.random.default_rng(0).uniform(-0.05, 0.05, (3, 25))
        scattered = apg.ImpulseResponses.from_arrays(
            reverberant.read(range(25)), points, reverberant.mic_positions, sample_rate=8000.0, speed_of_sound=343.0
        )
        with pytest.raises(ArgumentError, match=r"give the setup's grid"):
            heard(scattered)
        grid = {"x_min": -0.5, "x_max": 0.5, "y_min": -0.5, "y_max": 0.5, "z": 0.6, "increment": 0.1}
        source = heard(scattered, setup={"grid": grid}, features=("loc",))
        assert np.abs(source[0]["loc"][:, :1] - points).max(0).min() < 1e-6


@pytest.mark.slow
class TestSource:
    @pytest.mark.parametrize("mode", MODES)
    def test_batches_are_single_records(self, reverberant, mode):
        source = heard(reverberant, mode=mode, f=2500.0, features=("csm", "sourcemap", *ESTIMATED[1:2]))
        batch = next(iter(apg.make_loader(source, batch_size=4)))
        for row, index in enumerate(np.asarray(batch["idx"])):
            element = source[int(index)]
            for name, array in element.items():
                np.testing.assert_allclose(batch[name][row], array, rtol=1e-5, atol=1e-5 * np.abs(array).max())

    def test_the_inputs_of_a_batch_are_the_single_ones(self, reverberant):
        for mode in MODES:
            inputs = heard(reverberant, mode=mode).inputs
            stacked = inputs.batch([3, 0, 5])
            for row, index in enumerate((3, 0, 5)):
                for name, array in inputs[index].items():
                    np.testing.assert_array_equal(stacked[name][row], array)

    def test_engines_agree_in_labels_and_on_average(self, reverberant):
        one, other = (heard(reverberant, engine=engine, features=ESTIMATED)[0] for engine in ("acoular", "jax"))
        np.testing.assert_array_equal(one["source_strength_analytic"], other["source_strength_analytic"])
        assert np.trace(one["csm"].sum(0)).real == pytest.approx(np.trace(other["csm"].sum(0)).real, rel=0.1)

    def test_a_pickled_source_is_equal_and_gives_the_same(self, reverberant):
        for mode in MODES:
            source = heard(reverberant, mode=mode, features=("csm",), f=1000.0)
            first = source[1]["csm"]
            again = pickle.loads(pickle.dumps(source))
            assert again == source
            np.testing.assert_array_equal(again[1]["csm"], first)

    def test_recordings_of_differing_length_are_padded(self, reverberant):
        for engine in ("acoular", "jax"):
            source = heard(
                reverberant,
                engine=engine,
                features=("time_data",),
                random_signal_length=True,
                signal_lengths={"dist": "uniform", "loc": 0.2, "scale": 0.3},
            )
            element = source[0]
            length = int(element["num_samples"])
            assert 1600 <= length <= 4000 == len(element["time_data"])
            assert np.all(element["time_data"][length - 1] != 0)
            assert np.all(element["time_data"][length:] == 0)

    def test_it_is_exported_and_read_back(self, reverberant, tmp_path):
        source = heard(reverberant, mode="analytic", f=1000.0)
        apg.export(source, tmp_path / "out")
        stored = apg.ArrayRecordSource(tmp_path / "out")
        for name, array in source[2].items():
            np.testing.assert_allclose(stored[2][name], array, rtol=1e-5, atol=1e-6 * np.abs(array).max())

    def test_responses_are_told_apart_by_content(self, reverberant):
        changed = reverberant.read(range(25))
        changed[3, 2, 77] += 1e-3
        other = apg.ImpulseResponses.from_arrays(
            changed, reverberant.source_positions, reverberant.mic_positions, sample_rate=8000.0, speed_of_sound=343.0
        )
        assert heard(reverberant) == heard(reverberant)
        assert heard(other) != heard(reverberant)
        assert repr(heard(other)) != repr(heard(reverberant))


class TestErrors:
    @pytest.mark.parametrize("setup", [5, "abc", [], True])
    def test_a_setup_that_is_none_is_refused_by_name(self, reverberant, setup):
        with pytest.raises(ArgumentError, match=r"setup=.*: expected a MeasurementSetup"):
            heard(reverberant, setup=setup)

    def test_a_grid_in_another_plane_is_refused(self, reverberant):
        grid = {"x_min": -0.4, "x_max": 0.4, "y_min": -0.4, "y_max": 0.4, "z": 5.0, "increment": 0.2}
        with pytest.raises(ArgumentError, match=r"is at z=5 m, all measured points at 0\.6 m"):
            heard(reverberant, setup={"grid": grid})

    @pytest.mark.parametrize(
        "arguments",
        [{"mode": "analytic"}, {"mode": "wishart"}, {"signals": {"kind": "colored_noise", "exponent": 2.0}}],
    )
    def test_scenes_that_are_not_white_noise_in_time_have_no_expectation_here(self, reverberant, arguments):
        source = heard(reverberant, features=("csm", "source_strength_analytic"), f=1000.0, **arguments)
        with pytest.raises(ArgumentError, match=r"scene: has (source_transfer|.*signal_line_powers)"):
            apg.expected_welch_csm(source.setup, source.inputs[0])

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"mic_pos_noise": True}, r"mic_pos_noise=True: microphones are where .* measured"),
            ({"setup": {"sample_rate": 16000.0}}, r"setup\.sample_rate=16000\.0: .* measured with 8000\.0 Hz"),
            ({"setup": {"speed_of_sound": 340.0}}, r"setup\.speed_of_sound=340\.0: .* 343\.0 m/s"),
            ({"setup": apg.MeasurementSetup.default()}, r"setup\.sample_rate=13720\.0"),
            ({"setup": {"mic_positions": [[0, 1], [0, 0], [0, 0]]}}, r"mic_positions: 2 microphones, .* have 5"),
            ({"setup": {"reference": [0.1, 0.1, 0.1]}}, r"setup\.reference=\[0\.1, 0\.1, 0\.1\]: no microphone"),
            ({"signal_length": 0.03}, r"signal_length: recordings may have 240 samples; expected at least 428"),
            ({"max_nsources": 26, "nsources": 2}, r"max_nsources=26: there are only 25 measured points"),
            ({"min_source_distance": 3.0}, r"min_source_distance=3\.0: the grid's diagonal"),
            ({"mode": "analytic", "features": ESTIMATED}, r"source_strength_estimated.* mode='analytic' does not have"),
        ],
    )
    def test_what_does_not_fit_is_refused_by_name(self, reverberant, arguments, message):
        with pytest.raises(ArgumentError, match=message):
            heard(reverberant, **arguments)

    def test_moved_microphones_are_refused(self, reverberant):
        mics = reverberant.mic_positions.copy()
        mics[0, 2] += 0.01
        with pytest.raises(ArgumentError, match=r"microphone 2 is 0\.01 m from where"):
            heard(reverberant, setup={"mic_positions": mics})

    def test_a_grid_without_points_is_refused(self, reverberant):
        grid = {"x_min": 2.0, "x_max": 3.0, "y_min": 2.0, "y_max": 3.0, "z": 0.6, "increment": 0.5}
        with pytest.raises(ArgumentError, match=r"none of the 25 measured points is on it"):
            heard(reverberant, setup={"grid": grid})

    def test_a_response_that_is_zero_at_the_reference_is_refused(self, reverberant):
        silent = reverberant.read(range(25))
        silent[:, 3] = 0
        responses = apg.ImpulseResponses.from_arrays(
            silent, reverberant.source_positions, reverberant.mic_positions, sample_rate=8000.0, speed_of_sound=343.0
        )
        with pytest.raises(DataError, match=r"to the reference microphone 3 is zero"):
            heard(responses)[0]

    def test_something_else_than_responses_is_refused(self):
        with pytest.raises(ArgumentError, match=r"responses=5: expected"):
            heard(5)
        with pytest.raises(ArgumentError, match=r"unknown responses\.kind 'shoebox'; did you mean 'shoebox_rooms'"):
            heard({"kind": "shoebox"})

    def test_indices_outside_are_refused(self, reverberant):
        with pytest.raises(RecordIndexError):
            heard(reverberant)[6]

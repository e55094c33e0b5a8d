"""Signals of simulated sources in configuration files and manifests, recordings above all."""

import numpy as np
import pytest
from scipy.io import wavfile

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.config import build, load_arguments, source_from_configuration
from acoupipe_grain.config.factories import source_name
from acoupipe_grain.errors import ArgumentError

SETUP = "SyntheticSource.setup: {mic_positions: minidsp_uma-16, sample_rate: 8000.0, block_size: 64}\n"
SOUNDS = """
SyntheticSource.num_records: 3
SyntheticSource.signals: AudioDataSimpleSource
SyntheticSource.signal_length: 0.3
SyntheticSource.max_nsources: 2
SyntheticSource.features: [loc, source_strength_estimated]
SyntheticSource.f: 1000.0
AudioDataSimpleSource.num_records: 50
AudioDataSimpleSource.sample_rate: 8000
AudioDataSimpleSource.duration: 0.3
"""


@pytest.fixture
def configuration(tmp_path):
    """A configuration file whose sources play recordings beside it."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    rng = np.random.default_rng(2)
    for number in range(4):
        sound = np.cumsum(rng.standard_normal(8000)) + 3 * rng.standard_normal(8000)
        wavfile.write(folder / f"{number}.wav", 8000, (sound / np.abs(sound).max()).astype(np.float32))
    path = tmp_path / "sounds.yml"
    path.write_text(f"{SETUP}{SOUNDS}AudioDataSimpleSource.sources: {{all: [{folder}]}}\n", encoding="utf-8")
    return path


def test_a_source_of_audio_is_built_from_its_own_keys(configuration):
    source = build("SyntheticSource", load_arguments(configuration))
    audio = source.parameters["signals"].source
    assert (len(audio), audio.sample_rate, audio.duration) == (50, 8000, 0.3)
    assert np.all(source[1]["source_strength_estimated"][0, : source[1]["num_sources"]] > 0)


def test_keys_in_scopes_belong_to_the_audio_too(configuration):
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(
        text + "val/AudioDataSimpleSource.seed: 7\nval/SyntheticSource.seed: 1\n", encoding="utf-8"
    )
    val = build("SyntheticSource", load_arguments(configuration), "val")
    assert (val.inputs.parameters["seed"], val.parameters["signals"].source.parameters["seed"]) == (1, 7)


def test_wrong_values_of_the_audio_are_named_with_their_place(configuration):
    text = configuration.read_text(encoding="utf-8").replace("duration: 0.3", "duration: 0.1")
    configuration.write_text(text, encoding="utf-8")
    with pytest.raises(ArgumentError, match=r"sounds.yml.*duration"):
        build("SyntheticSource", load_arguments(configuration))


def test_a_name_that_is_not_that_of_the_audio_is_told(configuration):
    text = configuration.read_text(encoding="utf-8").replace("signals: AudioDataSimple", "signals: AudioDataBalanced")
    configuration.write_text(text, encoding="utf-8")
    with pytest.raises(ArgumentError, match="signals='AudioDataBalancedSource': names none.*'AudioDataSimpleSource'"):
        source_name(load_arguments(configuration))


def test_an_export_is_verified_against_the_files(configuration, tmp_path):
    folder = tmp_path / "data"
    assert main(["export", str(folder), "--args.load", str(configuration), "--export.num_workers=0"]) == 0
    apg.verify(folder, deep=True)
    stored = apg.ArrayRecordSource(folder)
    rebuilt = source_from_configuration(stored.configuration["source"])
    assert np.array_equal(rebuilt[2]["source_strength_estimated"], stored[2]["source_strength_estimated"])
    (changed,) = (tmp_path / "sounds").glob("3.wav")
    wavfile.write(changed, 8000, np.ones(8000, dtype=np.float32))
    with pytest.raises(ArgumentError, match="files of AudioDataSimpleSource are not those"):
        apg.verify(folder, deep=True)


def test_saved_configurations_have_the_keys_of_the_audio(configuration, tmp_path):
    saved = tmp_path / "saved.yml"
    arguments = ["export", str(tmp_path / "data"), "--args.load", str(configuration), "--args.save", str(saved)]
    assert main([*arguments, "--export.num_workers=0"]) == 0
    again = build("SyntheticSource", load_arguments(saved))
    assert again == build("SyntheticSource", load_arguments(configuration))


@pytest.mark.parametrize(
    "given",
    [
        "signals: {kind: colored_noise, exponent: {dist: uniform, loc: 0, scale: 2}, equalizer: {num_bands: 2}}",
        "signals: {kind: correlated_noise, coherence: 0.5}",
        "signals: {kind: tones, frequency: 700.0}",
        "signals: {kind: sweeps, low: 200.0, high: 3000.0, law: logarithmic}",
        "trajectories: {kind: circle, radius: 0.1, rate: 1.0}",
        "trajectories: {kind: spline, spread: [{dist: norm, scale: 0.02}, {dist: norm, scale: 0.02}], interval: 0.1}",
        "directivity: dipole",
        "directivity: {kind: spherical_harmonics, coefficients: [1.0, 0.0, 0.5, 0.0]}",
        "flow: {mach: 0.1, direction: [1, 0, 0]}",
    ],
)
def test_every_kind_is_rebuilt_from_its_manifest(tmp_path, given):
    path = tmp_path / "file.yml"
    values = "SyntheticSource.signal_length: 0.2\nSyntheticSource.num_records: 2\nSyntheticSource.features: [csm]\n"
    path.write_text(f"{SETUP}{values}SyntheticSource.{given}\n", encoding="utf-8")
    source = build("SyntheticSource", load_arguments(path))
    again = source_from_configuration(source.configuration)
    assert again == source
    assert np.array_equal(again[1]["csm"], source[1]["csm"])

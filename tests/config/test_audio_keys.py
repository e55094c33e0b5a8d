"""Sources of audio from configuration files: audiotree's form, with its traps closed."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.config import build, load_arguments, package_keys, parse_flags
from acoupipe_grain.config.factories import source_name
from acoupipe_grain.errors import ArgumentError

KINDS = ("AudioDataSimpleSource", "AudioDataBalancedSource")


@pytest.fixture
def audio(tmp_path):
    """Groups of a file each."""
    for name in ("speech", "music"):
        (tmp_path / "audio" / name).mkdir(parents=True)
        soundfile.write(tmp_path / "audio" / name / "x.wav", 0.1 * np.ones(16_000), 8000)
    return tmp_path / "audio"


def settings(folder, text):
    (folder / "some.yml").write_text(text.replace("AUDIO", str(folder)))
    return load_arguments(folder / "some.yml")


AUDIOTREE = """
train/AudioDataBalancedSource.sources:
  speech_hq: [AUDIO/speech]
  music_hq: [AUDIO/music/*.wav]
train/AudioDataBalancedSource.num_steps: 1000
train/AudioDataBalancedSource.duration: 0.5
train/AudioDataBalancedSource.extensions: [.wav, .flac]
train/SaliencyParams.enabled: true
train/SaliencyParams.search_function: SaliencyParams.search_bias_early
val/AudioDataSimpleSource.sources: {speech_hq: [AUDIO/speech]}
val/SaliencyParams.enabled: false
SaliencyParams.num_tries: 5
train/AudioDataBalancedSource.sample_rate: 44100
"""


def test_audiotrees_form_is_read(audio):
    given = settings(audio, AUDIOTREE)
    assert [source_name(given, scope, KINDS) for scope in ("train", "val")] == [KINDS[1], KINDS[0]]
    source = build("AudioDataBalancedSource", given, "train")
    assert source.tables == {"files": ["x.wav", "x.wav"], "groups": ["music_hq", "speech_hq"]}
    assert (len(source), source.sample_rate, source.num_samples) == (1000, 44_100, 22_050)
    assert source.saliency_params == apg.SaliencyParams(num_tries=5, search_function="bias_early")
    source = build("AudioDataSimpleSource", given, "val")
    assert source.saliency_params == apg.SaliencyParams(enabled=False, num_tries=5)


def test_values_of_the_scope_and_flags_win(audio):
    text = "SaliencyParams.num_tries: 5\ntrain/SaliencyParams.num_tries: 6\n"
    given = settings(audio, text + "AudioDataSimpleSource.sources: {speech: [AUDIO/speech]}\n")
    tries = [build(KINDS[0], given, scope).saliency_params.num_tries for scope in ("", "train")]
    assert tries == [5, 6]
    typed = given.overridden_by(parse_flags(["--SaliencyParams.num_tries", "7"]))
    assert build(KINDS[0], typed, "train").saliency_params.num_tries == 7


def test_values_may_stand_in_the_source_itself(audio):
    text = "AudioDataSimpleSource.sources: {speech: [AUDIO/speech]}\n"
    whole = settings(audio, text + "AudioDataSimpleSource.saliency_params: {num_tries: 3}\n")
    single = settings(audio, text + "AudioDataSimpleSource.saliency_params.num_tries: 3\n")
    assert build(KINDS[0], whole) == build(KINDS[0], single)
    assert build(KINDS[0], whole).saliency_params == apg.SaliencyParams(num_tries=3)
    assert build(KINDS[0], settings(audio, text)).saliency_params is None


SOURCES = "AudioDataSimpleSource.sources: {speech: [AUDIO/speech]}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("AudioDataSimpleSource.seed: 1", "lacks AudioDataSimpleSource.sources; AudioDataSimpleSource has no default"),
        (
            "AudioDataSimpleSource.sources: [AUDIO/speech]",
            r"some.yml: AudioDataSimpleSource.sources: .*expected mapping",
        ),
        ("AudioDataSimpleSource.sources: {a: [AUDIO/speach]}", r"some.yml: .*sources: .*did you mean '.*speech'"),
        ("AudioDataSimpleSource.sources: {a: 3}", r"some.yml: AudioDataSimpleSource.sources: sources={'a': 3}"),
        ("AudioDataSimpleSource.source: {a: [AUDIO]}", "did you mean 'AudioDataSimpleSource.sources'"),
        ("AudioDataSimplesource.sources: {a: [AUDIO]}", "did you mean 'AudioDataSimpleSource.sources'"),
        (SOURCES + "AudioDataSimpleSource.mono: 1", "some.yml: AudioDataSimpleSource.mono: 1: expected true or false"),
        (SOURCES + "AudioDataSimpleSource.weights: {speech: 1}", "unknown key"),
        (
            SOURCES + "AudioDataSimpleSource.sample_rate: 100",
            r"some.yml: AudioDataSimpleSource.sample_rate: sample_rate=100",
        ),
        (SOURCES + "AudioDataSimpleSource.extensions: [.mp3]", "no file with the extension .mp3, but 1 .wav"),
        (SOURCES + "AudioDataSimpleSource.on_failure: keep", r"some.yml: AudioDataSimpleSource.on_failure: .*'keep'"),
        (SOURCES + "SaliencyParams.num_tries: 0", r"some.yml: SaliencyParams.num_tries: num_tries=0: must be at least"),
        (SOURCES + "SaliencyParams.num_try: 3", "did you mean 'SaliencyParams.num_tries'"),
        (SOURCES + "SaliencyParams.search_function: os.system", r"some.yml: SaliencyParams.search_function: unknown"),
        (SOURCES + "AudioDataSimpleSource.saliency_params: {num_try: 3}", "did you mean .*saliency_params.num_tries'"),
        (
            SOURCES + "AudioDataSimpleSource.saliency_params: {num_tries: 0}",
            r"some.yml: .*saliency_params: num_tries=0",
        ),
        (
            SOURCES + "AudioDataSimpleSource.saliency_params: {num_tries: 3}\nSaliencyParams.num_tries: 4",
            "has keys of SaliencyParams and of AudioDataSimpleSource.saliency_params, which mean the same; keep one",
        ),
    ],
)
def test_wrong_configurations_are_named(audio, text, message):
    with pytest.raises(ArgumentError, match=message):
        build("AudioDataSimpleSource", settings(audio, text))


def test_weights_are_those_of_groups(audio):
    text = "AudioDataBalancedSource.sources: {a: [AUDIO/speech]}\nAudioDataBalancedSource.num_records: 3\n"
    given = settings(audio, text + "AudioDataBalancedSource.weights: {a: 2, b: 1}")
    with pytest.raises(ArgumentError, match=r"some.yml: AudioDataBalancedSource.weights: unknown group in weights 'b'"):
        build("AudioDataBalancedSource", given)


def test_required_keys_are_listed_as_such(capsys):
    assert package_keys().by_name["AudioDataSimpleSource.sources"].is_required
    assert package_keys().by_name["SaliencyParams.loudness_cutoff"].unit == "LUFS"
    assert main(["config", "AudioDataSimpleSource"]) == 0
    shown = capsys.readouterr().out
    assert "AudioDataSimpleSource.sources: required  (mapping)" in shown
    assert "SaliencyParams.num_tries: 8  (integer)" in shown


def test_config_shows_what_reads_back_as_the_same(audio, tmp_path, capsys):
    given = settings(audio, AUDIOTREE)
    for name, scope in ((KINDS[1], "train"), (KINDS[0], "val")):
        assert main(["config", "--args.load", str(audio / "some.yml"), "--scope", scope]) == 0
        (tmp_path / "shown.yml").write_text(capsys.readouterr().out)
        assert build(name, load_arguments(tmp_path / "shown.yml")) == build(name, given, scope)


def test_config_leaves_audio_out_where_there_is_none(capsys):
    assert main(["config", "--SceneSource.seed", "3"]) == 0
    shown = capsys.readouterr().out
    assert "SceneSource.seed: 3" in shown
    assert "Audio" not in shown
    assert "Saliency" not in shown


def test_config_checks_the_files(audio, capsys):
    settings(audio, "AudioDataSimpleSource.sources: {a: [AUDIO/speach]}")
    assert main(["config", "--args.load", str(audio / "some.yml")]) == 2
    assert "did you mean" in capsys.readouterr().err
    settings(audio, "AudioDataSimpleSource.seed: 1")
    assert main(["config", "--args.load", str(audio / "some.yml")]) == 2
    assert "lacks AudioDataSimpleSource.sources" in capsys.readouterr().err
    settings(audio, "val/" + SOURCES + "train/AudioDataSimpleSource.seed: 1")
    assert main(["config", "--args.load", str(audio / "some.yml")]) == 2
    assert "lacks AudioDataSimpleSource.sources" in capsys.readouterr().err
    settings(audio, "val/" + SOURCES + "AudioDataSimpleSource.seed: 1")
    assert main(["config", "--args.load", str(audio / "some.yml")]) == 0


def test_commands_that_need_source_maps_refuse_audio(audio, capsys):
    settings(audio, SOURCES)
    assert main(["demo", "out", "--args.load", str(audio / "some.yml")]) == 2
    assert (
        "has keys of AudioDataSimpleSource; only SyntheticSource, ImpulseResponseSource, AcouPipeSource"
        in capsys.readouterr().err
    )


def test_two_sources_are_one_too_many(audio, capsys):
    settings(audio, SOURCES + "SyntheticSource.seed: 1")
    assert main(["export", "data", "--args.load", str(audio / "some.yml")]) == 2
    assert "has keys of SyntheticSource and AudioDataSimpleSource" in capsys.readouterr().err


def test_argbind_scripts_can_use_them(audio, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from acoupipe_grain.config import bound\n"
        "from acoupipe_grain.config.bound import AudioDataBalancedSource, SaliencyParams\n"
        "args = bound.parse_args()\n"
        "with bound.scope(args, 'train'):\n"
        "    source = AudioDataBalancedSource(seed=3)\n"
        "    print(len(source), source.streams.seed, source.saliency_params == SaliencyParams())\n"
    )
    settings(audio, AUDIOTREE)
    command = [sys.executable, script, "--args.load", audio / "some.yml"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.stdout == "1000 3 True\n", result.stderr

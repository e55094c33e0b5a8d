import html
import json
import re

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.plotting import write_card

METADATA = {
    "name": 'Maps <script>alert(1)</script> & "labels"',
    "description": "First line.\nSecond <b>line</b>.",
    "license": "CC-BY-4.0",
    "creators": [{"name": "Ada <ada@example.org>"}, {"name": "Bob"}],
    "grant": {"number": 17},
}
REFERENCE = re.compile(r"""(?:src|href|action|data)\s*=\s*["']?|url\(|@import""")


class Tones:
    """A source of a user's own: no sources of sound, no setup, single numbers of all kinds."""

    element_spec = {
        "tone": apg.ArraySpec((3,), "float32", ("sample",), "Pa"),
        "gain": apg.ArraySpec((), "float32", (), "dB"),
        "animal": apg.ArraySpec((), "int32", ()),
        "loud": apg.ArraySpec((), "bool", ()),
        "rate": apg.ArraySpec((), "int32", (), "Hz"),
        "idx": apg.ArraySpec((), "int32", ()),
    }
    tables = {"animal": ["dog", "<cat>", "bird"]}

    def __len__(self):
        return 12

    def __getitem__(self, index):
        values = {"gain": np.nan if index == 3 else -0.5 * index, "animal": index % 3, "loud": index % 2, "rate": 8000}
        return {
            name: np.full(spec.shape, (values | {"idx": index}).get(name, 1.0), spec.dtype)
            for name, spec in self.element_spec.items()
        }

    def __repr__(self):
        return "Tones()"


def card_of(source, folder, **options):
    """Return the text of the card of a source exported to a folder."""
    apg.export(source, folder, num_workers=0, progress=False, **options)
    return write_card(folder, folder.parent / f"{folder.name}.html").read_text(encoding="utf-8")


def headings(text):
    return re.findall(r"<h2>(.*?)</h2>", text)


def captions(text):
    return [html.unescape(caption) for caption in re.findall(r"<figcaption>(.*?)</figcaption>", text)]


@pytest.fixture(scope="module")
def card(small_source, tmp_path_factory):
    """The card of twenty records with maps, and its data set's folder."""
    folder = tmp_path_factory.mktemp("cards") / "data"
    return card_of(small_source, folder, metadata=METADATA), folder


def test_a_card_needs_nothing_else(card):
    text, _ = card
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "<script" not in text.lower()
    for match in REFERENCE.finditer(text):
        assert text[match.end() :].startswith("data:image/svg+xml;base64,"), text[match.start() :][:80]
    for tag in ("link", "iframe", "object", "base"):
        assert f"<{tag}" not in text


def test_texts_of_users_are_text(card):
    text, _ = card
    assert "<h1>Maps &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;labels&quot;</h1>" in text
    assert "Second &lt;b&gt;line&lt;/b&gt;." in text
    assert "name: Ada &lt;ada@example.org&gt;; name: Bob" in text
    for expected in ("CC-BY-4.0", "grant", "number: 17"):
        assert expected in text


def test_every_feature_stands_there_with_shape_and_unit(card, small_source):
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", card[0])
    cells = {name: re.findall(r"<td.*?>(.*?)</td>", rest) for name, rest in rows}
    for name, spec in small_source.element_spec.items():
        assert cells[name][1:3] == [spec.dtype, spec.unit]
    assert cells["sourcemap"] == ["frequency 1 × x 8 × y 6", "float32", "Pa^2", "192 B"]


def test_every_digest_stands_there_in_full(card):
    text, folder = card
    manifest = apg.ArrayRecordSource(folder).manifest
    for digest in (manifest.digest, *(row.sha256 for row in manifest.shards)):
        assert digest in text


def test_the_configuration_is_readable_and_complete(card):
    text, folder = card
    configuration = apg.ArrayRecordSource(folder).manifest.plan.configuration
    assert "5 microphones" in text
    assert '<td data-column="value">8000 Hz</td>' in text
    whole = re.search(r"<details><summary>The whole configuration as JSON.*?<code>(.*?)</code>", text, re.DOTALL)
    assert json.loads(html.unescape(whole[1])) == configuration


def test_labels_are_those_of_the_records(card, small_source):
    counts = [int(small_source[index]["num_sources"]) for index in range(20)]
    shown = captions(card[0])
    assert any(caption.startswith(f"num_sources: {min(counts)} to {max(counts)}") for caption in shown)
    assert any(caption.startswith(f"loc: {sum(counts)} sources") and "z = 0.4 m" in caption for caption in shown)
    powers = np.concatenate(
        [small_source[index]["source_strength_analytic"][0, :count] for index, count in enumerate(counts)]
    )
    levels = 10 * np.log10(powers / 4e-10)
    expected = f"{levels.min():.1f} to {levels.max():.1f} dB, median {np.median(levels):.1f} dB"
    assert f"source_strength_analytic (at 2000 Hz): {expected}" in shown


def test_maps_show_records_of_the_whole_data_set(card):
    assert headings(card[0])[:3] == ["Elements", "Labels", "Source maps"]
    assert [item for item in captions(card[0]) if item.startswith("sourcemap")] == [
        "sourcemap, record 0",
        "sourcemap, record 6",
        "sourcemap, record 13",
    ]


def test_every_picture_says_what_it_shows(card):
    pictures = re.findall(r"<img [^>]*>", card[0])
    assert len(pictures) == 7
    assert all(re.search(r'alt="[^"]{20,}"', picture) for picture in pictures)


def test_the_same_data_set_gives_the_same_bytes(card):
    text, folder = card
    write_card(folder, folder.parent / "data.html")
    assert (folder.parent / "data.html").read_text(encoding="utf-8") == text
    assert str(folder.parent) not in text


def test_the_code_loads_the_data_set(card, monkeypatch, capsys):
    text, folder = card
    monkeypatch.chdir(folder.parent)
    blocks = [html.unescape(block) for block in re.findall(r"<pre[^>]*><code>(.*?)</code>", text, re.DOTALL)]
    for block in blocks[-3:-1]:
        exec(block, {})
    shown = capsys.readouterr().out
    assert "(20, 1, 8, 6)" in shown
    assert "(1, 8, 6)" in shown
    assert blocks[-1].splitlines()[0] == "acoupipe-grain verify data"


def test_scenes_have_labels_and_no_maps(small_setup, tmp_path):
    text = card_of(apg.SceneSource(20, setup=small_setup, random_signal_length=True), tmp_path / "scenes")
    assert "Source maps" not in headings(text)
    shown = [caption.partition(":")[0] for caption in captions(text)]
    assert shown[:5] == ["num_sources", "strengths", "positions", "noise_power", "num_samples"]


def test_single_numbers_of_any_source_are_drawn(tmp_path):
    text = card_of(Tones(), tmp_path / "tones")
    assert captions(text) == [
        "gain: -5.5 to 0, median -3",
        "animal: 3 names, most often 'dog'",
        "loud: 0 to 1, most often 0",
    ]
    assert "The same in all records read: rate = 8000." in text
    assert "Not finite in some records: gain." in text
    assert "0: dog, 1: &lt;cat&gt;, 2: bird" in text
    assert "<h1>tones</h1>" in text
    assert "license and creators" in text


def test_a_source_without_labels_has_a_card(tmp_path):
    class Signals(Tones):
        element_spec = {name: Tones.element_spec[name] for name in ("tone", "idx")}
        tables = {}

    assert headings(card_of(Signals(), tmp_path / "signals")) == [
        "Elements",
        "Configuration",
        "Made with",
        "Files",
        "Loading",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("with_f", [False, True])
def test_of_several_frequencies_the_one_nearest_4_khz_is_shown(small_setup, tmp_path, with_f):
    features = ("sourcemap", "loc", "source_strength_analytic", *(("f",) if with_f else ()))
    source = apg.SyntheticSource(4, setup=small_setup, mode="analytic", f=[1000.0, 3500.0], features=features)
    shown = captions(card_of(source, tmp_path / "data"))
    assert any(item.startswith("source_strength_analytic (at 3500 Hz, the one nearest 4 kHz of 2") for item in shown)


def test_frequencies_that_nothing_names_are_taken_together(tmp_path):
    class Strengths(Tones):
        element_spec = {"strengths": apg.ArraySpec((2, 3), "float32", ("frequency", "source"), "Pa^2")}
        tables = {}

    shown = captions(card_of(Strengths(), tmp_path / "data"))
    assert shown == ["strengths (all 2 frequencies together): 94.0 to 94.0 dB, median 94.0 dB"]


@pytest.mark.slow
def test_several_maps_stand_side_by_side(small_setup, tmp_path):
    maps = ("sourcemap", apg.feature("sourcemap", label="map_music", method="music"))
    source = apg.SyntheticSource(4, setup=small_setup, mode="wishart", features=(*maps, "loc"), f=2000.0)
    text = card_of(apg.sliced(source, 1), tmp_path / "data", start=1)
    assert [item for item in captions(text) if "record" in item] == [
        "sourcemap, record 2",
        "map_music, record 2",
        "sourcemap, record 3",
        "map_music, record 3",
    ]
    assert "2 records of a slice of SyntheticSource" in text
    assert "1 to 2" in text


def test_a_setup_that_is_not_understood_is_left_out(tmp_path):
    class Configured(Tones):
        configuration = {"class": "Configured", "arguments": {"setup": {"room": "large"}}}

    text = card_of(Configured(), tmp_path / "data")
    assert "room" in text
    assert "microphones" not in text


def test_of_many_records_some_are_read(monkeypatch, small_source):
    from acoupipe_grain.plotting.card.label_sample import read_labels, spread_indices

    sample = read_labels(small_source.inputs, max_records=7)
    assert sample.num_records == 7
    assert spread_indices(20, 7) == [0, 2, 5, 8, 11, 14, 17]
    assert spread_indices(3, 7) == [0, 1, 2]


def test_damage_is_named(small_source, tmp_path):
    folder = tmp_path / "data"
    apg.export(small_source.inputs, folder, num_workers=0, progress=False)
    shard = folder / apg.ArrayRecordSource(folder).manifest.shards[3].name
    content = bytearray(shard.read_bytes())
    shard.write_bytes(content[:100])
    with pytest.raises(DataError, match=shard.name):
        write_card(folder, tmp_path / "card.html")
    shard.write_bytes(bytes(len(content)))
    with pytest.raises(DataError, match=shard.name):
        write_card(folder, tmp_path / "card.html")
    assert not (tmp_path / "card.html").exists()


def test_only_pages_are_written(card):
    _, folder = card
    with pytest.raises(ArgumentError, match=r"manifest.json.*\.html"):
        write_card(folder, folder / "manifest.json")

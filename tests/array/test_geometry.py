import numpy as np
import pytest

from acoupipe_grain.array import geometry
from acoupipe_grain.array.geometry_acoular import bundled_geometries, load_microphones
from acoupipe_grain.errors import ArgumentError


def test_the_default_array_is_the_vogel_spiral_of_one_metre():
    positions = geometry.default_microphones()
    assert positions.shape == (3, 64)
    assert geometry.aperture(positions) == pytest.approx(1.0, abs=1e-12)
    assert geometry.aperture(load_microphones("tub_vogel64")) == pytest.approx(1.4648587220804405, rel=1e-12)


def test_the_central_microphone_of_the_default_array_is_number_63():
    positions = geometry.default_microphones()
    assert geometry.central_microphone(positions) == 63
    np.testing.assert_allclose(positions[:, 63], [0.0401528, -0.0428320, 0], atol=1e-7)


def test_ties_for_the_central_microphone_go_to_the_lowest_index():
    square = np.array([[1.0, -1.0, -1.0, 1.0], [1.0, 1.0, -1.0, -1.0], [0, 0, 0, 0]])
    assert geometry.central_microphone(square) == 0
    assert geometry.central_microphone(square + 0.1) == 0


@pytest.mark.parametrize("name", sorted(bundled_geometries()))
def test_every_bundled_geometry_loads_by_name(name):
    positions = load_microphones(name)
    assert positions.shape[0] == 3
    assert positions.shape[1] >= 16


def test_a_geometry_loads_by_path(tmp_path):
    path = tmp_path / "mine.xml"
    path.write_text('<MicArray name="a"><pos Name="1" x="0" y="1" z="2"/><pos Name="2" x="3" y="4" z="5"/></MicArray>')
    np.testing.assert_array_equal(load_microphones(path), [[0, 3], [1, 4], [2, 5]])


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ArgumentError, match="did you mean 'tub_vogel64'"):
        load_microphones("tub_vogel_64")


def test_a_missing_file_is_named():
    with pytest.raises(ArgumentError, match="nowhere.xml.*no such file"):
        load_microphones("nowhere.xml")


@pytest.mark.parametrize("text", ["no xml", "<MicArray></MicArray>", '<MicArray><pos Name="1" x="0"/></MicArray>'])
def test_a_file_of_another_kind_is_refused_by_name(tmp_path, text):
    path = tmp_path / "other.xml"
    path.write_text(text)
    with pytest.raises(ArgumentError, match="other.xml"):
        load_microphones(path)

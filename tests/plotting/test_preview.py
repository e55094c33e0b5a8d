import numpy as np
import pytest
from matplotlib.image import imread

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.plotting import preview


@pytest.fixture(scope="module")
def source(small_setup):
    return apg.SyntheticSource(
        20, setup=small_setup, features=("sourcemap", "loc", "f"), f=[1000.0, 3900.0], signal_length=0.1
    )


@pytest.mark.parametrize("indices", [(0,), (0, 1, 2), range(9)])
def test_a_picture_is_drawn_for_any_number_of_records(source, tmp_path, indices):
    preview(source, source.setup, tmp_path / "maps.png", indices)
    picture = imread(tmp_path / "maps.png")
    assert picture.shape[0] > 300
    assert np.ptp(picture) > 0.5


def test_the_same_records_give_the_same_picture(source, tmp_path):
    for name in ("one.png", "two.png"):
        preview(source, source.setup, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_another_file_type_is_refused(source, tmp_path):
    with pytest.raises(ArgumentError, match="png"):
        preview(source, source.setup, tmp_path / "maps.gif")


def test_a_source_without_maps_is_refused(small_setup, tmp_path):
    labels = apg.SyntheticSource(2, setup=small_setup, features=("loc",), signal_length=0.1)
    with pytest.raises(ArgumentError, match="sourcemap"):
        preview(labels, small_setup, tmp_path / "maps.png")


@pytest.mark.slow
def test_any_map_is_drawn_by_its_name(small_setup, tmp_path):
    maps = ("sourcemap", apg.feature("sourcemap", label="map_music", method="music"))
    source = apg.SyntheticSource(4, setup=small_setup, mode="wishart", features=(*maps, "loc"), f=[1000.0, 2000.0])
    for name in ("sourcemap", "map_music"):
        preview(source, small_setup, tmp_path / f"{name}.png", (0,), name)
    preview(source, small_setup, tmp_path / "default.png", (0,))
    pictures = [(tmp_path / f"{name}.png").read_bytes() for name in ("sourcemap", "map_music", "default")]
    assert pictures[0] == pictures[2] != pictures[1]
    with pytest.raises(ArgumentError, match=r"did you mean 'map_music'.*map_music, sourcemap"):
        preview(source, small_setup, tmp_path / "maps.png", (0,), "map_musik")

import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from tiny_training import Regression, linear, options, train

from acoupipe_grain.training.history import EpochRecord
from acoupipe_grain.training.plots import draw_examples, plot_history

PNG = b"\x89PNG"


def record(epoch, **validation):
    return EpochRecord(
        epoch=epoch, step=epoch, learning_rate=0.1, training={"loss": 1 / epoch}, validation={"loss": 2.0, **validation}
    )


@pytest.fixture
def saved(monkeypatch):
    """The figures that are saved, by name of their file; nothing is drawn."""
    figures = {}
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **options: figures.update({Path(path).name: figure}))
    return figures


def test_each_metric_has_a_picture_over_the_epochs(saved, tmp_path):
    history = [record(1, error=0.5), record(2, error=0.25), record(3, error=math.nan)]
    paths = plot_history(history, tmp_path, {"error": "m"}, best_epoch=2)
    assert [path.name for path in paths] == ["loss.png", "error.png"]
    training, validation, best = saved["loss.png"].axes[0].lines
    np.testing.assert_allclose(training.get_xydata(), [[1, 1], [2, 1 / 2], [3, 1 / 3]])
    np.testing.assert_allclose(validation.get_xydata(), [[1, 2], [2, 2], [3, 2]])
    assert best.get_xdata() == [2, 2]
    validation, _ = saved["error.png"].axes[0].lines
    np.testing.assert_array_equal(validation.get_xydata(), [[1, 0.5], [2, 0.25], [3, math.nan]])
    assert [saved[name].axes[0].get_ylabel() for name in saved] == ["loss", "error / m"]


def test_a_metric_called_as_a_path_has_a_picture_in_the_folder(saved, tmp_path):
    assert plot_history([record(1, **{"error/m": 1.0})], tmp_path)[1] == tmp_path / "history" / "error_m.png"


class Wordy(Regression):
    """A task that says what it is given to draw."""

    def draw(self, figure, outputs, batch):
        figure.suptitle(f"{outputs[0, 0]} {batch['x'].shape} {batch['x'][0, 0]}")


def batches():
    for start in (0, 3):
        yield {"x": np.arange(start, start + 3.0).reshape(3, 1)}


def test_the_first_items_are_drawn_one_by_one_with_their_outputs(saved, tmp_path):
    paths = draw_examples(Wordy(), lambda batch: 10 * batch["x"], batches(), 4, tmp_path)
    assert paths == [tmp_path / "pictures" / f"example_{number}.png" for number in range(4)]
    titles = [saved[path.name].get_suptitle() for path in paths]
    assert titles == ["0.0 (1, 1) 0.0", "10.0 (1, 1) 1.0", "20.0 (1, 1) 2.0", "30.0 (1, 1) 3.0"]


def test_there_are_no_more_pictures_than_items(saved, tmp_path):
    assert len(draw_examples(Wordy(), lambda batch: batch["x"], batches(), 9, tmp_path)) == 6


def test_a_task_that_cannot_draw_has_no_pictures(tmp_path):
    assert draw_examples(object(), lambda batch: pytest.fail("not needed"), batches(), 4, tmp_path) == []


class Moving(Wordy):
    """A task that draws three frames of its items, or none of the item 0."""

    def animate(self, figure, outputs, batch):
        value = int(batch["x"][0, 0])
        if not value:
            return None
        axis = figure.subplots()
        axis.set(xlim=(-1, 3))
        (line,) = axis.plot([0], [value], "o")

        def draw(number):
            line.set_data([number], [value])
            return [line]

        return draw, 3


def test_what_moves_is_animated_too(tmp_path):
    paths = draw_examples(Moving(), lambda batch: batch["x"], batches(), 2, tmp_path)
    assert [path.name for path in paths] == ["example_0.png", "example_1.png", "example_1.gif"]
    with Image.open(paths[-1]) as animation:
        assert animation.n_frames == 3


@pytest.mark.slow
def test_a_training_leaves_its_pictures(tmp_path):
    chosen = options(num_pictures=3)
    train(tmp_path / "run", chosen=chosen, module=linear(chosen))
    pictures = sorted((tmp_path / "run").glob("*/*.png"))
    assert [f"{path.parent.name}/{path.stem}" for path in pictures] == [
        "history/absolute_error",
        "history/close",
        "history/loss",
        "history/plain",
        "pictures/example_0",
        "pictures/example_1",
        "pictures/example_2",
    ]
    assert all(path.read_bytes().startswith(PNG) for path in pictures)

import shutil

import pytest
from tiny_training import Interrupting, Regression, Tiny, assert_same_bits, log_of, options, stream, train, validation

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.errors import TrainingError

pytestmark = pytest.mark.usefixtures("quick")

CONFIGURATION = {"UNet": {"skip": "none"}}


@pytest.fixture(scope="module")
def trained(quick, tmp_path_factory):
    """A finished training of one epoch, and its folder."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    return train(folder, chosen=options(num_epochs=1), configuration=CONFIGURATION), folder


@pytest.fixture
def folder(trained, tmp_path):
    """A copy of the folder of the finished training."""
    return shutil.copytree(trained[1], tmp_path / "run")


def again(folder, **arguments):
    return train(folder, **{"chosen": options(num_epochs=1), "configuration": CONFIGURATION, **arguments})


def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(TrainingError, match=r"not empty, and no training; it holds mine\.txt, working-directory"):
        train(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mine.txt"]


def test_a_file_is_refused_as_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="a file of this name exists"):
        train(tmp_path / "file")


class Other(Regression):
    pass


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"chosen": options(num_epochs=1, learning_rate=0.02)}, r"options\.learning_rate was 0\.01, is 0\.02"),
        ({"chosen": options(num_epochs=1, patience=3)}, r"options\.patience was null, is 3"),
        ({"chosen": options(schedule="cosine")}, r"options\.schedule was \"constant\", is \"cosine\""),
        ({"task": Regression(scale=2.0)}, r"task\.scale was 1\.0, is 2\.0"),
        ({"task": Other()}, r"task\.class was \"Regression\", is \"Other\""),
        ({"train_data": stream(batch_size=5)}, r"data\.train\.batch_size was 4, is 5"),
        ({"validation": validation(num_records=12)}, r"data\.validation\.source was .*10.* is .*12"),
        ({"module": Tiny(options().rngs(), width=9)}, r"model\.parameters\.layers\.0\.bias was \[8\], is \[9\]"),
        ({"configuration": {"UNet": {"skip": "add"}}}, r"configuration\.UNet\.skip was \"none\", is \"add\""),
        ({"configuration": None}, r"configuration\.UNet was .*none.*, is not there"),
    ],
)
def test_another_training_is_refused_with_what_differs(folder, changed, message):
    before = (folder / "training.json").read_text()
    with pytest.raises(TrainingError, match=rf"holds another training.*{message}"):
        again(folder, **changed)
    assert (folder / "training.json").read_text() == before


def test_a_schedule_that_ends_elsewhere_is_another_training(tmp_path):
    train(tmp_path / "run", chosen=options(num_epochs=1, steps_per_epoch=1, schedule="linear"))
    with pytest.raises(TrainingError, match=r"options\.num_epochs was 1, is 2"):
        train(tmp_path / "run", chosen=options(num_epochs=2, steps_per_epoch=1, schedule="linear"))


def test_options_that_change_nothing_may_be_others(trained, folder):
    other = options(num_epochs=1, checkpoint_every=1, keep=5, log_every=None, num_pictures=1)
    assert_same_bits(again(folder, chosen=other).module, trained[0].module)


def test_a_training_stopped_before_its_first_checkpoint_may_begin_as_another(tmp_path):
    with pytest.raises(RuntimeError):
        train(tmp_path / "run", Interrupting(stream(), 3, RuntimeError()))
    train(tmp_path / "run", chosen=options(num_epochs=1, patience=7))
    assert [line["step"] for line in log_of(tmp_path / "run")] == [2, 4, 4]


def test_a_training_of_a_later_version_is_refused(folder):
    path = folder / "training.json"
    path.write_text(path.read_text().replace('"training_format_version": 1', '"training_format_version": 2'))
    with pytest.raises(TrainingError, match="training_format_version=2"):
        again(folder)


def test_a_damaged_description_is_refused(folder):
    (folder / "training.json").write_text("{")
    with pytest.raises(TrainingError, match="not JSON"):
        again(folder)


@pytest.mark.parametrize("value", [{"rate": float("nan")}, {"function": print}])
def test_a_configuration_is_json(tmp_path, value):
    with pytest.raises(ArgumentError, match="configuration: expected JSON values"):
        train(tmp_path / "run", configuration=value)
    assert not (tmp_path / "run").exists()

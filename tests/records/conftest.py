import shutil

import pytest

import acoupipe_grain as apg


@pytest.fixture(scope="session")
def exported(tmp_path_factory, small_source):
    """The small source, exported once: 20 records in 7 shards."""
    folder = tmp_path_factory.mktemp("exported") / "data"
    apg.export(small_source, folder, num_workers=0, records_per_shard=3, progress=False)
    return folder


@pytest.fixture
def damaged(exported, tmp_path):
    """A copy of the exported data set that a test may damage."""
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    return folder

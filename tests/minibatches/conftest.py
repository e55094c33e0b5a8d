import pytest
from recorded_birds import write_recordings


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """Folder with labelled recordings of 2 channels, see `recorded_birds`."""
    folder = tmp_path_factory.mktemp("recorded")
    write_recordings(folder)
    return folder

import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.extras import import_extra


def test_an_installed_package_is_imported():
    assert import_extra("json.decoder", "json", "JSON files").__name__ == "json.decoder"


def test_a_missing_package_is_an_error_that_says_how_to_install_it():
    with pytest.raises(ArgumentError, match=r"Fancy files need the package fancy: pip install 'acoupipe-grain\[fan\]'"):
        import_extra("fancy.files", "fan", "Fancy files")

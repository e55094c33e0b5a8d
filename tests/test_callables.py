import functools

import pytest

from acoupipe_grain.callables import callable_identity, checked_key, import_path, require_callable
from acoupipe_grain.errors import ArgumentError


def at_module_level(rng):
    return rng


class Holder:
    @staticmethod
    def inside_a_class(rng):
        return rng


def test_functions_of_modules_have_a_path():
    assert import_path(at_module_level) == f"{__name__}:at_module_level"
    assert import_path(Holder.inside_a_class) == f"{__name__}:Holder.inside_a_class"


def test_what_an_import_would_not_find_has_none():
    def local(rng):
        return rng

    for function in (local, lambda rng: rng, functools.partial(at_module_level, 1), Holder().__init__):
        assert import_path(function) is None


def test_a_name_that_now_means_something_else_has_none(monkeypatch):
    function = at_module_level
    monkeypatch.setitem(globals(), "at_module_level", None)
    assert import_path(function) is None


def test_functions_of_the_main_script_have_none():
    namespace = {"__name__": "__main__"}
    exec("def function(rng): return rng", namespace)
    assert import_path(namespace["function"]) is None


def test_a_key_comes_first_and_nothing_is_refused():
    assert callable_identity(at_module_level, "mine-v1") == {"key": "mine-v1"}
    assert callable_identity(at_module_level, None) == {"function": f"{__name__}:at_module_level"}
    with pytest.raises(ArgumentError, match="nothing identifies this function.*key="):
        callable_identity(lambda rng: rng, None)


@pytest.mark.parametrize("key", ["", "  ", 3, b"mine"])
def test_keys_are_names(key):
    with pytest.raises(ArgumentError, match="key="):
        checked_key(key)


def test_what_cannot_be_called_so_is_refused():
    assert require_callable(at_module_level, 1, "a function of a generator") is at_module_level
    assert require_callable(dict, 1, "anything") is dict  # says nothing of its arguments
    for wrong in (3, lambda: 1, lambda one, two: 1):
        with pytest.raises(ArgumentError, match="expected a function of a generator"):
            require_callable(wrong, 1, "a function of a generator")

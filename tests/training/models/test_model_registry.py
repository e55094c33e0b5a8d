"""Models by name, those of users, and what is needed to have them."""

import ast
import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from flax import nnx
from small_networks import applied, built, spec

import acoupipe_grain
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.models import (
    MODELS,
    EigenmodeTransformer,
    LightUNet,
    ResidualCNN,
    SegmentCNN,
    UNet,
    register_model,
    registry,
)
from acoupipe_grain.training.networks.parameters import num_parameters

OPTIONS = Path(acoupipe_grain.__file__).parent / "training" / "models"


@pytest.fixture(autouse=True)
def _registered_as_before(monkeypatch):
    before = dict(registry._MODELS)
    yield
    registry._MODELS.clear()
    registry._MODELS.update(before)


def test_models_of_the_package_are_known_by_the_names_of_their_classes():
    models = (UNet, LightUNet, ResidualCNN, EigenmodeTransformer, SegmentCNN)
    assert {model.__name__: model for model in models}.items() <= MODELS.items()


def test_a_users_model_is_one_class_and_then_one_of_them():
    @register_model
    @dataclass(frozen=True, kw_only=True)
    class Pointwise:
        use_bias: bool = True

        def build(self, inputs, outputs, *, rngs):
            return nnx.Linear(inputs.shape[-1], outputs.shape[-1], use_bias=self.use_bias, rngs=rngs)

    assert MODELS["Pointwise"] is Pointwise
    register_model(Pointwise)
    network = built(MODELS["Pointwise"](use_bias=False), spec(4, 4, 2), spec(4, 4, 3))
    assert num_parameters(network) == 6
    assert applied(network, np.ones((5, 4, 4, 2), np.float32)).shape == (5, 4, 4, 3)


def _refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        register_model(options)


def test_what_is_no_model_is_refused_with_the_remedy():
    def build(self, inputs, outputs, *, rngs):
        raise NotImplementedError

    class Plain:
        pass

    _refused(Plain, r"model Plain: not a dataclass; expected a dataclass\(frozen=True, kw_only=True\)")
    _refused("UNet", "not a dataclass")
    _refused(dataclasses.make_dataclass("Mutable", [], namespace={"build": build}), "model Mutable: its values can be")
    _refused(dataclasses.make_dataclass("Empty", [], frozen=True), "model Empty: has no method build")
    without_default = dataclasses.make_dataclass("Open", [("width", int)], frozen=True, namespace={"build": build})
    _refused(without_default, "model Open: option 'width' has no default; give it one")
    _refused(dataclasses.make_dataclass("UNet", [], frozen=True, namespace={"build": build}), "choose another name")


def test_the_table_of_models_changes_by_registration_only():
    with pytest.raises(TypeError):
        MODELS["UNet"] = LightUNet


@pytest.mark.parametrize("path", sorted(OPTIONS.glob("*.py")), ids=lambda path: path.name)
def test_options_are_there_without_flax(path):
    imported = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [getattr(node, "module", None) or node.names[0].name for node in imported]
    assert not [name for name in names if name.startswith(("flax", "optax", "acoupipe_grain.training.networks"))]


@pytest.mark.parametrize("model", [UNet, ResidualCNN, EigenmodeTransformer, SegmentCNN])
def test_without_flax_building_says_what_to_install(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "flax", None)
    with pytest.raises(ArgumentError, match=r"models need the package flax: pip install 'acoupipe-grain\[train\]'"):
        model().build(spec(8, 8, 1), spec(8, 8, 1), rngs=None)

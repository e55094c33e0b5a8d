"""Everything that data_pipeline's ``config.ini`` describes, at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acoupipe_grain.compat.scatterer_ini import read_scatterer_ini
from acoupipe_grain.config.factories import arguments_for, build
from acoupipe_grain.config.keys import SCOPES
from acoupipe_grain.config.loading import settings_with_origins
from acoupipe_grain.frames.source import ScattererSource
from acoupipe_grain.pipeline import make_loader


@dataclass(frozen=True)
class ScattererSplit:
    """Records of one split, and how they are delivered.

    Attributes
    ----------
    source
        The frames.
    loader_arguments
        Arguments of `acoupipe_grain.make_loader` by name, `transforms` included.
    """

    source: ScattererSource
    loader_arguments: Mapping[str, Any]

    def loader(self, **changes: Any) -> Any:
        """Return a loader of the split, a Grain data set as `acoupipe_grain.make_loader` returns it.

        Parameters
        ----------
        **changes
            Arguments of `acoupipe_grain.make_loader` that are to be others.
        """
        return make_loader(self.source, **{**self.loader_arguments, **changes})


@dataclass(frozen=True)
class ScattererPipeline:
    """What a ``config.ini`` describes.

    Attributes
    ----------
    train, val, test
        The splits; they have no random number in common.
    num_epochs
        Passes over the training data; the loader of `train` makes as many.
    model
        Options of the U-Net by name, those that are given: num_filters, padding, output_activation, upsampling,
        downsampling, activation, conv1x1_last, initializer, batch_norm, block_shortcut, dropout_rate,
        dropout_position ("between" the convolutions or "after" them), skip ("add", "concatenate" or None),
        dropout_encoder_only, temporal_downsampling. They are checked; no network is built of them here.
    """

    train: ScattererSplit
    val: ScattererSplit
    test: ScattererSplit
    num_epochs: int
    model: Mapping[str, Any]


def scatterer_pipeline(path: str | Path) -> ScattererPipeline:
    """Return the sources, loaders and options that data_pipeline's ``config.ini`` describes.

    What each key becomes is in docs/frames.md. `acoupipe_grain.config.load_arguments` gives the same sources and
    loaders as keys and values, for commands and to be overridden.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ArgumentError
        If it cannot be read, or a section, key or value cannot be used; the message names file, section, key, value
        and remedy.
    """
    described = read_scatterer_ini(path)
    settings = settings_with_origins(described.values)
    train, val, test = (
        ScattererSplit(build("ScattererSource", settings, scope), arguments_for("make_loader", settings, scope))
        for scope in SCOPES
    )
    return ScattererPipeline(train, val, test, described.num_epochs, described.model)

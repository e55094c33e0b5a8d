"""Generators of mini-batches by set, from a configuration."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from typing import Any

from acoupipe_grain.audio.segments.source import SegmentSource
from acoupipe_grain.errors import ArgumentError, did_you_mean
from acoupipe_grain.minibatches.configuration import sets_of
from acoupipe_grain.minibatches.mini_batches import MiniBatch, MiniBatches
from acoupipe_grain.minibatches.split_sets import DEFAULT
from acoupipe_grain.pipeline import DataFormat


class MiniBatchGen(Mapping[str, MiniBatches]):
    """Mini-batches of labelled segments of recordings by set: a mapping with Dynibatch's interface.

    With one set only, or one that is called "default", it can be used as that set::

        mb_gen = MiniBatchGen.from_config(config)
        mb_gen.start()
        mb_gen_e = mb_gen.execute(with_targets=True)
        data, targets = next(mb_gen_e)

    With several sets, those of a split for example, it is ``mb_gen["train"].execute(with_targets=True)``.

    Parameters
    ----------
    sets
        Mini-batches by name of the set, at least one.

    Raises
    ------
    ArgumentError
        If there is no set, or something else among them.
    """

    def __init__(self, sets: Mapping[str, MiniBatches]) -> None:
        is_mapping = isinstance(sets, Mapping) and sets
        if not is_mapping or not all(isinstance(item, MiniBatches) for item in sets.values()):
            raise ArgumentError(f"sets={sets!r:.200}: expected a mapping from names to MiniBatches.")
        self._sets = dict(sets)

    @classmethod
    def from_config(cls, config: Mapping[str, Any] | str | os.PathLike[str]) -> MiniBatchGen:
        """Return the mini-batches that a configuration describes; no more than headers and labels are read.

        Activity, if it is asked for, is detected here. Relative paths begin in the working directory; a ``~`` and
        ``$VARIABLES`` in them are replaced.

        Parameters
        ----------
        config
            A mapping, or the path of a JSON or YAML file with one, of either of two forms; or what
            `acoupipe_grain.config.load_arguments` returned.

            Dynibatch's blocks, with 0 and 1 for false and true, of which these are needed: ``data_path_config``
            {audio_root}, ``minibatch_config`` {batch_size}, ``segment_config`` {seg_duration (s), seg_overlap},
            ``audio_frame_config`` {sample_rate (Hz), win_size, hop_size (samples)}, and ``features`` or ``feature``.
            These may be there: in ``data_path_config`` file2label_filename or seg2label_root, label_file,
            datasplit_path and features_root; in ``minibatch_config`` shuffle_files (or the older randomize_batch),
            shuffle_mb_block_size, seed, drop_remainder, data_format and num_workers, see
            `acoupipe_grain.pipeline.MiniBatchOptions`; in ``audio_frame_config`` window; ``activity_detection``
            {name: simple, config: {energy_threshold, spectral_flatness_threshold}}. Every one of the ``features`` is
            {name, config, scaler, pca}; with other names {name, sample_rate, size, folder, scaler, pca}, computed
            elsewhere, in .npy files in the folder, or in features_root. With ``feature``, a single one, data are its
            array and no dict. Recordings of several channels are averaged. There is one set for each set of the split
            that has a recording, or "default".

            Or keys with dots, as configuration files of the package have them: ``SegmentSource.files``,
            ``ActivityParams.energy_threshold``, ``MiniBatchGen.batch_size``. With keys in scopes, such as
            ``train/SegmentSource.dataset``, there is one set for each scope; else with a datasplit and no dataset one
            for each set of the split that has a recording; else "default".

        Raises
        ------
        ArgumentError
            If a key is unknown or missing, or a value cannot be used; the message says where it was given.
        DataError
            If a recording cannot be read.
        """
        return cls(sets_of(config))

    @property
    def source(self) -> SegmentSource:
        """The segments of the only set."""
        return self._only("source").source

    @property
    def labels(self) -> dict[int, str]:
        """Names of the labels by id, see `MiniBatches.labels`."""
        return self._only("labels").labels

    def start(self, epoch: int | None = None) -> None:
        """Do `MiniBatches.start` of the only set."""
        self._only("start()").start(epoch)

    def reset(self) -> None:
        """Do `MiniBatches.reset` of the only set."""
        self._only("reset()").reset()

    def execute(
        self,
        active_segments_only: bool = False,
        known_labels_only: bool = False,
        with_targets: bool = False,
        with_filenames: bool = False,
        data_format: DataFormat | None = None,
    ) -> Generator[MiniBatch, None, None]:
        """Do `MiniBatches.execute` of the only set."""
        return self._only("execute()").execute(
            active_segments_only, known_labels_only, with_targets, with_filenames, data_format
        )

    def num_mini_batches(self, active_segments_only: bool = False, known_labels_only: bool = False) -> int:
        """Do `MiniBatches.num_mini_batches` of the only set."""
        return self._only("num_mini_batches()").num_mini_batches(active_segments_only, known_labels_only)

    def mb_feature_shape(self, name: str, data_format: DataFormat | None = None) -> tuple[int, ...]:
        """Do `MiniBatches.mb_feature_shape` of the only set."""
        return self._only("mb_feature_shape()").mb_feature_shape(name, data_format)

    def _only(self, what: str) -> MiniBatches:
        if len(self._sets) == 1:
            return next(iter(self._sets.values()))
        if DEFAULT not in self._sets:
            first = next(iter(self._sets))
            raise ArgumentError(
                f"{what}: of which set? There are {', '.join(self._sets)}; write mb_gen[{first!r}].{what}."
            )
        return self._sets[DEFAULT]

    def __getitem__(self, name: str) -> MiniBatches:
        if name not in self._sets:
            hint = did_you_mean(name, {item: item for item in self._sets})
            raise KeyError(f"there is no set {name!r}{hint} Available: {', '.join(self._sets)}.")
        return self._sets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sets)

    def __len__(self) -> int:
        return len(self._sets)

    def __repr__(self) -> str:
        return f"MiniBatchGen({self._sets!r})"

"""Mini-batches of segments, epoch after epoch."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Int64

from acoupipe_grain import arguments
from acoupipe_grain.audio.segments.labels import UNKNOWN
from acoupipe_grain.audio.segments.source import SegmentSource
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.file_patterns import expanded
from acoupipe_grain.minibatches.layout import in_format, shape_in_format
from acoupipe_grain.pipeline import MiniBatchOptions, epoch_order, make_loader, selected
from acoupipe_grain.pipeline.mini_batches import DATA_FORMATS, DataFormat
from acoupipe_grain.records.cache import cached
from acoupipe_grain.seeding import MAX_SEED
from acoupipe_grain.specs import DataSource

MiniBatch: TypeAlias = tuple[Any, ...]
"""Data, and where they are asked for targets and filenames."""


class MiniBatches:
    """Mini-batches of the segments of one set of recordings, epoch after epoch.

    Every `execute` is one pass over the segments, an epoch, in an order that depends on the options and the number of
    the epoch alone; the next `execute` is the next epoch.

    Parameters
    ----------
    source
        The segments.
    options
        Size, order and layout of the mini-batches.
    single_feature
        Whether data are the array of the only feature, and not a dict of arrays.

    Attributes
    ----------
    source, options
        As given.

    Raises
    ------
    ArgumentError
        If a value has the wrong type, or there are several features and data are to be the array of one.
    """

    def __init__(
        self, source: SegmentSource, options: MiniBatchOptions | None = None, *, single_feature: bool = False
    ) -> None:
        if not isinstance(source, SegmentSource):
            raise ArgumentError(f"source={type(source).__name__}: expected a SegmentSource.")
        if options is not None and not isinstance(options, MiniBatchOptions):
            raise ArgumentError(f"options={options!r}: expected MiniBatchOptions.")
        self.source = source
        self.options = MiniBatchOptions() if options is None else options
        self._features = tuple(item.key for item in source.features)
        self._is_single = arguments.flag("single_feature", single_feature)
        if self._is_single and len(self._features) > 1:
            raise ArgumentError(f"single_feature=True: there are {', '.join(self._features)}; ask for one of them.")
        self._root = None if self.options.features_root is None else expanded(self.options.features_root)
        self._names = np.array(source.tables["files"])
        self._epoch = 0

    @property
    def labels(self) -> dict[int, str]:
        """Names of the labels by id; nothing without labels. Targets may also be −1, −2 and −3, see `execute`."""
        return {} if self.source.label_set is None else dict(self.source.label_set.names)

    @property
    def epoch(self) -> int:
        """Number of the epoch that the next `execute` gives, from 0."""
        return self._epoch

    def start(self, epoch: int | None = None) -> None:
        """Let the next `execute` give an epoch: to go on with a training, or to begin it again.

        Parameters
        ----------
        epoch
            Number of the epoch, from 0. None: the next one, as without `start`; programs written for Dynibatch start
            before every pass.

        Raises
        ------
        ArgumentError
            If it is no such number.
        """
        if epoch is not None:
            self._epoch = arguments.integer("epoch", epoch, minimum=0, maximum=MAX_SEED)

    def reset(self) -> None:
        """Let the next `execute` give the next epoch from its beginning, as it does anyway.

        Programs written for Dynibatch, where a pass has to be prepared, say so before every epoch.
        """

    def execute(
        self,
        active_segments_only: bool = False,
        known_labels_only: bool = False,
        with_targets: bool = False,
        with_filenames: bool = False,
        data_format: DataFormat | None = None,
    ) -> Generator[MiniBatch, None, None]:
        """Return a generator of the mini-batches of the next epoch, tuples (data[, targets][, filenames]).

        Close it, or let it go out of scope, to stop earlier. With ``features_root``, all features are computed and
        stored by the first call, if they are not there yet.

        Parameters
        ----------
        active_segments_only
            Whether segments without activity are left out.
        known_labels_only
            Whether segments whose label is unknown (−3) are left out; no activity (−1) and garbage (−2) are known.
        with_targets
            Whether the ids of the labels are there, int32 (B,).
        with_filenames
            Whether the names of the recordings are there, an array of text (B,).
        data_format
            "NCHW": data are float32 arrays (B, C, size, T), (B, C, T) or, of audio, (B, C, N) of B segments with C
            channels, by feature. "NHWC": (B, size, T, C), (B, T, C), (B, N, C). None: as the options say.

        Raises
        ------
        ArgumentError
            At once, if a value has the wrong type, there is no activity or no labels where they are asked for, or no
            mini-batch is left.
        ExportError
            If features cannot be stored.
        """
        chosen = self._chosen(active_segments_only, known_labels_only)
        with_targets = arguments.flag("with_targets", with_targets)
        if with_targets and self.source.label_set is None:
            raise _without_labels("with_targets")
        with_filenames = arguments.flag("with_filenames", with_filenames)
        data_format = self._checked_format(data_format)
        if not self.options.num_mini_batches(len(chosen)):
            raise ArgumentError(
                f"batch_size={self.options.batch_size}: {len(chosen)} of {len(self.source)} segments are asked for, so "
                "no mini-batch would be full; use a smaller batch_size, or drop_remainder=False."
            )
        order = chosen[epoch_order(self.source.table.file_indices[chosen], self.options, self._epoch)]
        loader = make_loader(
            selected(self._records, order),
            self.options.batch_size,
            shuffle=False,
            drop_remainder=self.options.drop_remainder,
            num_workers=self.options.num_workers,
        )
        self._epoch += 1
        return self._mini_batches(loader, with_targets, with_filenames, data_format)

    def num_mini_batches(self, active_segments_only: bool = False, known_labels_only: bool = False) -> int:
        """Return how many mini-batches `execute` gives with the same arguments.

        Raises
        ------
        ArgumentError
            If there is no activity or no labels where they are asked for, or no segment is left.
        """
        return self.options.num_mini_batches(len(self._chosen(active_segments_only, known_labels_only)))

    def mb_feature_shape(self, name: str, data_format: DataFormat | None = None) -> tuple[int, ...]:
        """Return the shape of a feature in whole mini-batches.

        Parameters
        ----------
        name
            Key of the feature.
        data_format
            "NCHW" or "NHWC", see `execute`. None: as the options say.

        Raises
        ------
        ArgumentError
            If there is no such feature or format.
        """
        if name not in self._features:
            raise unknown_name("feature", name, self._features)
        shape = (self.options.batch_size, *(size or 0 for size in self.source.element_spec[name].shape))
        return shape_in_format(shape, self._checked_format(data_format))

    @cached_property
    def _records(self) -> DataSource:
        return self.source if self._root is None else cached(self.source, self._root)

    def _chosen(self, active_segments_only: bool, known_labels_only: bool) -> Int64[np.ndarray, " segment"]:
        """Return the numbers of the segments that are wanted, at least one."""
        table = self.source.table
        wanted = np.ones(len(table), dtype=bool)
        asked = []
        if arguments.flag("active_segments_only", active_segments_only):
            if table.active is None:
                raise ArgumentError(
                    "active_segments_only=True: nothing says what is active; configure activity_params "
                    "(activity_detection)."
                )
            wanted &= table.active
            asked.append("active_segments_only=True")
        if arguments.flag("known_labels_only", known_labels_only):
            if table.labels is None:
                raise _without_labels("known_labels_only")
            wanted &= table.labels != UNKNOWN
            asked.append("known_labels_only=True")
        if not wanted.any():
            raise ArgumentError(f"{' and '.join(asked)}: none of {len(table)} segments is left; leave it out.")
        return np.flatnonzero(wanted)

    def _checked_format(self, data_format: Any) -> DataFormat:
        if data_format is None:
            return self.options.data_format
        arguments.choice("data_format", data_format, DATA_FORMATS)
        return data_format

    def _mini_batches(
        self, loader: Any, with_targets: bool, with_filenames: bool, data_format: DataFormat
    ) -> Generator[MiniBatch, None, None]:
        iterator = iter(loader)
        try:
            for batch in iterator:
                targets = [np.array(batch["label"])] if with_targets else []
                filenames = [self._names[np.asarray(batch["file_index"])]] if with_filenames else []
                yield self._data(batch, data_format), *targets, *filenames
        finally:
            iterator.close()

    def _data(self, batch: Mapping[str, Any], data_format: DataFormat) -> Any:
        data = {name: in_format(batch[name], data_format) for name in self._features}
        return data[self._features[0]] if self._is_single else data

    def __repr__(self) -> str:
        features = ", ".join(self._features)
        return f"MiniBatches({len(self.source)} segments of {len(self._names)} files, {features}, {self.options!r})"


def _without_labels(argument: str) -> ArgumentError:
    return ArgumentError(
        f"{argument}=True: there are no labels; configure file_labels (file2label_filename) or chunk_labels "
        "(seg2label_root)."
    )

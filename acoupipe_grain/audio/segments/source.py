"""Segments of recordings with their labels and features, as a random-access source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any

import jax

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Samples, Seconds, Unit
from acoupipe_grain.audio.features import FEATURES_VERSION, FrameFeature, FrameFeatureGraph, Framing, RecordComputation
from acoupipe_grain.audio.groups import EXTENSIONS
from acoupipe_grain.audio.libraries import versions
from acoupipe_grain.audio.segments.activity import ActivityParams, active_segments, as_activity
from acoupipe_grain.audio.segments.computation import SegmentComputation
from acoupipe_grain.audio.segments.inputs import SegmentInputs
from acoupipe_grain.audio.segments.labels import LabelSet
from acoupipe_grain.audio.segments.precomputed import PrecomputedFeature
from acoupipe_grain.audio.segments.requested import SegmentFeaturesLike, resolve_segment_features, without_place
from acoupipe_grain.audio.segments.segment_labels import LabelSource
from acoupipe_grain.audio.segments.segmentation import find_segments
from acoupipe_grain.audio.segments.selection import Selection
from acoupipe_grain.audio.segments.splits import DataSplit, split_as_json
from acoupipe_grain.audio.segments.table import SegmentTable
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import checked_extensions
from acoupipe_grain.identity import Identified
from acoupipe_grain.memory import require_memory
from acoupipe_grain.named_files import checked_patterns
from acoupipe_grain.specs import ArraySpec, Element, element_num_bytes
from acoupipe_grain.workers import StartsGrainWorkers


class SegmentSource(Identified, StartsGrainWorkers):
    """Segments of recordings, with labels and short-term features: deterministic, thread-safe, picklable.

    Segments have one length and begin at whole multiples of a hop, in the order of the recordings and of time; how many
    there are is known from the headers. ``source[i]`` depends on the arguments, i, and the content of the files.
    Elements (C channels, N = duration · sample_rate):

    ============= ========= ======= =======================================================================
    the features  (C, ...)  float32 (C, frame), (C, size, frame); ``audio`` (C, N), full scale 1. Segments
                                    of a recording that is shorter are padded with zeros at their end
    sample_rate   ()        int32   Hz
    file_index    ()        int32   number of the recording in ``tables["files"]``, its name in its folder
    segment_index ()        int32   number of the segment in the recording
    offset        ()        float32 its beginning in the recording, s
    label         ()        int32   number of its label in ``tables["labels"]``, or −1 no activity,
                                    −2 garbage, −3 unknown; with label files only
    active        ()        bool    whether there is activity; with `activity_params` only
    idx           ()        int32   record index
    ============= ========= ======= =======================================================================

    Frame j of a segment begins j · `hop_size` samples after it; there are floor(N / `hop_size`), and the last ones
    reach beyond the segment into the recording, or into silence after it. Features are computed by JAX, of whole
    batches in loaders and exports. ``repr`` identifies the recordings by their whole content, not by where they are.

    Parameters
    ----------
    files
        Folders, files or patterns such as ``$DATA/*/clean``, or one of them. Folders are searched with all folders in
        them; files are sorted by their path within the folder, which is their name in label files and splits.
    duration
        Length of a segment.
    overlap
        Part of a segment that the next one has, too, 0 ... 1 (1 excluded). Segments begin
        duration · (1 − overlap) · sample_rate samples apart, rounded down to whole samples.
    sample_rate
        Sample rate of the segments; soxr resamples. None: that of the files, which must all have it.
    mono
        Whether channels are averaged; otherwise all are kept, and all files must have the same number.
    extensions
        Extensions of audio files in folders and patterns, in upper or lower case.
    features
        What elements have: "audio", and frame features by name, as `acoupipe_grain.frame_feature` or as a mapping of
        its arguments {name, label, options, scaler, pca}; precomputed features as {name, folder, sample_rate}.
    window_size
        Length of a frame, and of its Fourier transform.
    hop_size
        From one frame to the next.
    window
        "hann", "hamming", "blackman" or "rectangular".
    labels
        File of the labels there are, lines ``id,name`` or ``name``, or a list of names; others are unknown then. None:
        all labels that occur, sorted.
    file_labels
        Table of lines ``path,label``, one for every file.
    chunk_labels
        Folder with a file of lines ``start,end,label`` (in seconds) for every recording, ``a/b.seg`` for ``a/b.wav``.
    label_extension
        Extension of the files in that folder.
    label_separator
        What separates columns in all label files.
    min_coverage
        Part of a segment, 0 ... 1, that chunks of one label must cover for the segment to have it.
    activity_params
        When a segment is active, `ActivityParams` or a mapping of its values; every recording is read for it. None:
        nobody asks.
    datasplit
        File of a split of the recordings, or a mapping of sets to file names, see `acoupipe_grain.split_recordings`.
    dataset
        The set of it whose recordings are meant, for example "train".
    active_segments_only
        Whether segments without activity are left out.
    known_labels_only
        Whether segments whose label is unknown are left out.

    Attributes
    ----------
    segments
        All segments of the recordings, `acoupipe_grain.audio.segments.segmentation.Segmentation`.
    compute_batch
        The computation of whole batches of ``source.inputs``; None where elements are as they are read.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, a pattern means no file, files differ that must not, a label file is
        wrong, or no segment is left.
    DataError
        If a recording cannot be read, or is no longer what it was.
    RecordIndexError
        For an index outside 0 ... number of segments − 1, negative ones included.
    """

    def __init__(
        self,
        files: str | Sequence[str],
        duration: Seconds,
        overlap: float = 0.0,
        *,
        sample_rate: Annotated[int, Unit("Hz")] | None = None,
        mono: bool = False,
        extensions: Sequence[str] = EXTENSIONS,
        features: SegmentFeaturesLike = ("audio",),
        window_size: Samples = 512,
        hop_size: Samples = 256,
        window: str = "hann",
        labels: str | Sequence[str] | None = None,
        file_labels: str | None = None,
        chunk_labels: str | None = None,
        label_extension: str = ".seg",
        label_separator: str = ",",
        min_coverage: float = 0.5,
        activity_params: ActivityParams | Mapping[str, Any] | None = None,
        datasplit: DataSplit | Mapping[str, Sequence[str]] | str | None = None,
        dataset: str | None = None,
        active_segments_only: bool = False,
        known_labels_only: bool = False,
    ) -> None:
        self._label_source = LabelSource(
            labels, file_labels, chunk_labels, label_extension, label_separator, min_coverage
        )
        self.activity_params = as_activity(activity_params)
        self._selection = Selection(active_segments_only, known_labels_only)
        self._selection.require_possible(
            has_activity=self.activity_params is not None, has_labels=self._label_source.is_given
        )
        self.features = resolve_segment_features(features)
        self._given = {
            "files": checked_patterns("files", files),
            "duration": arguments.number("duration", duration, above=0, unit="s"),
            "overlap": arguments.number("overlap", overlap, minimum=0, below=1),
            "sample_rate": None if sample_rate is None else arguments.integer("sample_rate", sample_rate, minimum=1),
            "extensions": list(checked_extensions(extensions)),
            "datasplit": split_as_json(datasplit),
            "dataset": dataset,
        }
        self.segments = find_segments(
            self._given["files"],
            self._given["extensions"],
            self._label_source,
            datasplit=self._given["datasplit"],
            dataset=dataset,
            duration=self._given["duration"],
            overlap=self._given["overlap"],
            sample_rate=self._given["sample_rate"],
            mono=arguments.flag("mono", mono),
        )
        self.framing = Framing(self.segments.sample_rate, window_size, hop_size, window)
        num_samples = self.segments.grid.num_samples
        of_audio = tuple(item for item in self.features if isinstance(item, FrameFeature))
        graph = FrameFeatureGraph(of_audio, self.framing, num_samples) if of_audio else None
        precomputed = [self.segments.opened(item) for item in self.features if isinstance(item, PrecomputedFeature)]
        num_samples_read = 0 if graph is None else graph.num_samples_read
        table = self._selection.of(self._with_activity(self.segments.table))
        self.inputs = SegmentInputs(self.segments, table, num_samples_read, precomputed)
        self.element_spec = self._spec(graph)
        self._computation = SegmentComputation(graph, precomputed, list(self.element_spec), self.segments.num_channels)
        self._of_record = RecordComputation(self._computation)
        self.compute_batch = jax.tree_util.Partial(self._computation) if self._computation.needs_computation else None
        self._require_memory()

    def _with_activity(self, table: SegmentTable) -> SegmentTable:
        if self.activity_params is None:
            return table
        return replace(table, active=active_segments(self.segments, self.framing, self.activity_params))

    def _spec(self, graph: FrameFeatureGraph | None) -> dict[str, ArraySpec]:
        spec = {} if graph is None else graph.element_spec((self.segments.num_channels,), ("channel",))
        spec |= {item.feature.key: item.element_spec for item in self.inputs.precomputed}
        about = self.inputs.about_spec
        for item in self.features:
            if item.key in about:
                raise ArgumentError(f"features: {item.key!r} is what elements say of the segment; use another label.")
        return {item.key: spec[item.key] for item in self.features} | about

    def _require_memory(self) -> None:
        require_memory(
            # Frames, windowed frames, and spectra.
            element_num_bytes(self.inputs.element_spec)
            + element_num_bytes(self.element_spec)
            + 4 * self._computation.num_frame_bytes,
            f"duration={self._given['duration']!r}: one record of {self.segments.grid.num_samples} samples in "
            f"{self.segments.num_channels} channels",
            "use shorter segments, or mono=True",
        )

    @property
    def table(self) -> SegmentTable:
        """What is known of every segment."""
        return self.inputs.table

    @property
    def label_set(self) -> LabelSet | None:
        """The labels there are; None without label files."""
        return self.segments.label_set

    @property
    def batch(self) -> Callable[[Sequence[int]], Element]:
        """Many elements, stacked, where elements are as they are read."""
        if self.compute_batch is not None:
            raise AttributeError(f"{type(self).__name__!r} computes features of batches with 'compute_batch'")
        return self._read_batch

    def _read_batch(self, indices: Sequence[int]) -> Element:
        return self._computation(self.inputs.batch(indices))

    @property
    def read_options(self) -> Mapping[str, int]:
        """Options of `grain.ReadOptions`."""
        return self.inputs.read_options

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        return {
            **self._given,
            "mono": self.segments.mono,
            "features": [item.identity for item in self.features],
            "window_size": self.framing.window_size,
            "hop_size": self.framing.hop_size,
            "window": self.framing.window,
            **self._label_source.to_json(),
            "activity_params": self.activity_params,
            **asdict(self._selection),
        }

    @property
    def tables(self) -> dict[str, list[str]]:
        """What belongs to ``file_index`` and ``label``: names of the recordings, and of labels."""
        labels = {} if self.label_set is None else {"labels": self.label_set.table}
        return {"files": self.segments.recordings.names, **labels}

    @property
    def content(self) -> dict[str, Any]:
        """What identifies the recordings, the segments with their labels, and precomputed features."""
        precomputed = {item.feature.key: item.digest for item in self.inputs.precomputed}
        return {
            "num_files": len(self.segments.recordings.files),
            "files_digest": self.segments.recordings.digest,
            "segments_digest": self.table.digest,
            "features_digests": precomputed,
            "libraries": versions(),
        }

    @property
    def versions(self) -> dict[str, Any]:
        """Under which version the same audio gives the same features."""
        return {"features_version": FEATURES_VERSION}

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> Element:
        compute = self._computation if self.compute_batch is None else self._of_record
        computed = compute(self.inputs[index])
        return {name: computed[name] for name in self.element_spec}

    def __repr__(self) -> str:
        shown = {
            "duration": self._given["duration"],
            "overlap": self._given["overlap"],
            "sample_rate": self.segments.sample_rate,
            "mono": self.segments.mono,
            "features": [item.key for item in self.features],
        }
        if self._computation.has_frames or self.activity_params is not None:
            shown |= self.framing.to_json()
        listed = ", ".join(f"{name}={value!r}" for name, value in shown.items())
        identity = {name: value for name, value in self.content.items() if name != "libraries"}
        features = [without_place(item) for item in self.features]
        # A cache must not outlive a change of a user's feature.
        identity |= {"tables": self.tables, "features": features, "code": self._computation.code, **self.versions}
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        return f"{type(self).__name__}({len(self)} segments {digest[:16]}, {listed})"

"""Excerpts read from files that may be broken."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from acoupipe_grain.audio.excerpts import Excerpt, SaliencyParams, find_excerpt
from acoupipe_grain.audio.files import AudioFile, BrokenFileError
from acoupipe_grain.audio.groups import FileGroups
from acoupipe_grain.audio.loudness import integrated_loudness
from acoupipe_grain.audio.reading import num_samples_at, read_excerpt


class ExcerptReader:
    """Reads excerpts of files, or of the next file of their group where one proves broken.

    Which files are broken depends on what they hold alone, and the same random numbers choose the excerpt of whichever
    file is read: the excerpt of a record is the same in any order and process.

    Parameters
    ----------
    groups
        The files.
    sample_rate
        Of the excerpts, Hz.
    num_samples
        Length of the excerpts.
    mono
        Whether channels are averaged.
    saliency
        How loud excerpts are looked for.
    takes_next
        Whether the next file is read in place of a broken one; otherwise that is an error.

    Attributes
    ----------
    broken_files
        What is wrong with files that could not be used, by path.
    """

    def __init__(
        self,
        groups: FileGroups,
        *,
        sample_rate: int,
        num_samples: int,
        mono: bool,
        saliency: SaliencyParams | None,
        takes_next: bool,
    ) -> None:
        self.groups = groups
        self.sample_rate = sample_rate
        self.num_samples = num_samples
        self.mono = mono
        self.saliency = saliency
        self.takes_next = takes_next
        self.broken_files: dict[str, str] = dict(groups.broken)

    def read(self, number: int, uniforms: Sequence[float]) -> tuple[int, Excerpt]:
        """Return an excerpt of a file, and the number of the file that it is of.

        Parameters
        ----------
        number
            Of the file.
        uniforms
            Random numbers in (0, 1), one for each excerpt that may be tried.

        Raises
        ------
        BrokenFileError
            If the file is broken, or with `takes_next` all files of its group are.
        DataError
            If a file is no longer what it was.
        """
        try:
            return number, self._excerpt(number, uniforms)
        except BrokenFileError as error:
            if not self.takes_next:
                raise BrokenFileError(
                    f"{error} Restore it, or take the next file of its group with on_failure='skip'."
                ) from error
            self._note(number, error)
        for following in self.groups.following(number):
            try:
                return following, self._excerpt(following, uniforms)
            except BrokenFileError as error:
                self._note(following, error)
        problem = self.broken_files[self.groups.files[number].path]
        raise BrokenFileError(f"{problem} Nor can any other file of its group be read; restore them.")

    def _excerpt(self, number: int, uniforms: Sequence[float]) -> Excerpt:
        file = self.groups.files[number]
        last_start = max(0, num_samples_at(file, self.sample_rate) - self.num_samples)
        return find_excerpt(
            lambda start: self._measured(file, start), last_start, self.num_samples, uniforms, self.saliency
        )

    def _measured(self, file: AudioFile, start: int) -> Excerpt:
        audio = read_excerpt(file, start, self.num_samples, self.sample_rate, mono=self.mono)
        return Excerpt(audio, start, integrated_loudness(audio, self.sample_rate))

    def _note(self, number: int, error: BrokenFileError) -> None:
        path, problem = self.groups.files[number].path, str(error)
        if self.broken_files.setdefault(path, problem) is problem:
            warnings.warn(f"{problem} The next file of its group takes its place.", stacklevel=4)

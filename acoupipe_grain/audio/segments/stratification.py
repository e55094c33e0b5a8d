"""Files shared out to sets so that every label is: iterative stratification in whole numbers.

Source: Sechidis, Tsoumakas, Vlahavas, "On the Stratification of Multi-Label Data", ECML PKDD 2011. Labels are taken in
turn, the one with the fewest files left first, and each of its files goes to the set that lacks most of the label.

One thing is added. When every set lacks less than a file of the label, the set with the largest ratio would mostly have
the remainder, label after label, and small sets nothing of rare labels. So the remainder goes by what sets lack of the
label, counted twice, and of files in all labels before; to none that lacks nothing of the label.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from acoupipe_grain.seeding import Streams

STREAM = "audio_split"
"""Random stream: index 0 orders files, 1 chooses between sets, 2 orders labels."""


def stratified(labels: Sequence[frozenset[int]], shares: Sequence[Fraction], streams: Streams) -> list[int]:
    """Return the number of the set of every file.

    Of files with one label each, every label's are shared out exactly: in no set are there more or fewer of them than
    its share rounded up or down.

    Parameters
    ----------
    labels
        Of every file, at least one.
    shares
        Of the sets; they add up to 1.
    streams
        Where ties are broken from.
    """
    order_words, choice_words = streams.words(STREAM, [0, 1], len(labels)).tolist()
    stock = _Stock(labels, shares)
    label_words = streams.words(STREAM, [2], len(stock.num_left))[0].tolist()
    in_order = sorted(zip(label_words, sorted(stock.num_left), strict=True))
    files_of: dict[int, list[int]] = {label: [] for _, label in in_order}
    for file in sorted(range(len(labels)), key=lambda number: order_words[number]):
        for label in labels[file]:
            files_of[label].append(file)
    placed: dict[int, int] = {}
    while files_of:
        rarest = min(files_of, key=lambda label: stock.num_left[label])
        behind = stock.behind
        for file in files_of.pop(rarest):
            if file not in placed:
                sets = stock.lacking_most(rarest, behind)
                placed[file] = sets[choice_words[file] % len(sets)]
                stock.place(labels[file], placed[file])
    return [placed[file] for file in range(len(labels))]


class _Stock:
    """How much sets still lack, of every label and of files, in so small parts of a file that all are whole numbers.

    Attributes
    ----------
    num_left
        Number of files of every label that are in no set yet.
    """

    def __init__(self, labels: Sequence[frozenset[int]], shares: Sequence[Fraction]) -> None:
        self.num_left = Counter(label for own in labels for label in own)
        self._num_files_left = len(labels)
        self._file = math.lcm(*(share.denominator for share in shares))
        self._shares = [int(share * self._file) for share in shares]
        self._lack = [share * len(labels) for share in self._shares]
        self._lack_of = {label: [share * count for share in self._shares] for label, count in self.num_left.items()}

    @property
    def behind(self) -> list[int]:
        """How much each set has less than its share of the files that are in sets."""
        return [lack - share * self._num_files_left for lack, share in zip(self._lack, self._shares, strict=True)]

    def lacking_most(self, label: int, behind: Sequence[int]) -> list[int]:
        """Return the sets that lack most of a label; of those that lack as much, those that lack most files."""
        lack = dict(enumerate(self._lack_of[label]))
        if max(lack.values()) < self._file:
            lack = {number: 2 * value + behind[number] for number, value in lack.items() if value > 0}
        return _of_largest({number: self._lack[number] for number in _of_largest(lack)})

    def place(self, labels: frozenset[int], number: int) -> None:
        """Note that a file with these labels is in a set."""
        self._num_files_left -= 1
        self._lack[number] -= self._file
        for label in labels:
            self.num_left[label] -= 1
            self._lack_of[label][number] -= self._file


def _of_largest(values: dict[int, int]) -> list[int]:
    """Return the keys of the largest value."""
    largest = max(values.values())
    return [key for key, value in values.items() if value == largest]

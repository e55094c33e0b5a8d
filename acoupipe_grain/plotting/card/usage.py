"""How to load and check a data set: the card's code to copy."""

from __future__ import annotations

import json
import shlex

from acoupipe_grain.plotting.card.markup import Markup, code, section, tag

MAX_BATCH = 32

_LOADER = """\
import acoupipe_grain as apg

source = apg.ArrayRecordSource({name})
loader = apg.make_loader(source, batch_size={batch_size}, shuffle=True, seed=0)
batch = next(iter(loader))
print({{name: array.shape for name, array in batch.items()}})
"""

_GRAIN = """\
from pathlib import Path

import flax.serialization
import grain

paths = [str(path) for path in sorted(Path({name}).glob("*.array_record"))]
records = grain.MapDataset.source(grain.sources.ArrayRecordDataSource(paths))
dataset = records.map(flax.serialization.msgpack_restore)
print({{name: array.shape for name, array in dataset[0].items()}})
"""

_COMMANDS = """\
acoupipe-grain verify {folder}
acoupipe-grain verify {folder} --deep
acoupipe-grain repair {folder}
"""


def usage_section(folder: str, num_records: int) -> Markup:
    """Return code that loads a data set, and commands that check and mend it.

    Parameters
    ----------
    folder
        The data set's folder, as the code finds it.
    num_records
        Number of its records.
    """
    name, batch_size = json.dumps(folder, ensure_ascii=False), min(MAX_BATCH, num_records)
    return section(
        "Loading",
        tag("p", "Shuffled batches, with acoupipe_grain:"),
        code(_LOADER.format(name=name, batch_size=batch_size)),
        tag("p", "Single records, with grain and flax alone:"),
        code(_GRAIN.format(name=name)),
        tag("p", "Check sizes and digests, or also every record, and write again what is damaged:"),
        code(_COMMANDS.format(folder=shlex.quote(folder))),
    )

import subprocess
import sys

import pytest
from recordings import noise, write

SCRIPT = """
import sys
import numpy as np
import psutil
import acoupipe_grain as apg

source = apg.SegmentSource(sys.argv[1], 0.5, 0.9, features=["mel_spectrum", "audio"], window_size=512, hop_size=128)
sizes = []
for number, batch in enumerate(apg.make_loader(source, 50, num_epochs=None, seed=1)):
    np.asarray(batch["mel_spectrum"])
    if number % 50 == 0:
        sizes.append(psutil.Process().memory_info().rss)
    if number == 240:
        break
print(max(sizes[1:]) - sizes[1])
"""


@pytest.mark.slow
def test_memory_is_flat_over_ten_thousand_segments(tmp_path):
    """Of 12,000 segments of 71 kB, 850 MB in all, no more than 64 MiB are kept beyond the first 2,500."""
    for number in range(4):
        write(tmp_path / f"{number}.wav", noise(30.0, seed=number, num_channels=1, sample_rate=16_000), 16_000)
    result = subprocess.run([sys.executable, "-c", SCRIPT, tmp_path], check=True, capture_output=True, text=True)
    assert int(result.stdout) < 64 * 2**20

"""Networks take long to compile: what trains or builds them runs with the slow tests."""

from pathlib import Path

import pytest

QUICK = ("metrics", "test_training_options.py", "test_early_stopping.py")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Mark all tests of this folder as slow but those that need no network."""
    for item in items:
        if item.path.is_relative_to(HERE) and not any(name in item.path.parts for name in QUICK):
            item.add_marker(pytest.mark.slow)

"""Every Python block of the README and the docs runs, in order; every link inside the project leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_run(page, tmp_path, monkeypatch, capsys):
    from acoupipe_grain.array.features import registry
    from acoupipe_grain.audio.features import registry as frame_registry
    from acoupipe_grain.training.models import registry as model_registry

    for features in (registry, frame_registry):
        monkeypatch.setattr(features, "_REGISTERED", dict(features._REGISTERED))
    monkeypatch.setattr(model_registry, "_MODELS", dict(model_registry._MODELS))
    folder = tmp_path / "as-a-user"
    folder.mkdir()
    monkeypatch.chdir(folder)
    if page.name in ("data-format.md", "formats.md"):
        import acoupipe_grain as apg

        apg.export(apg.SceneSource(4), "data/train", num_workers=0, progress=False)
    namespace = {"__name__": "example"}
    for number, block in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
        exec(compile(block, f"{page.name}, block {number + 1}", "exec"), namespace)
    if page.name == "README.md":
        shown = capsys.readouterr().out
        assert "(1, 64, 64) Pa^2" in shown
        first, last = re.search(r"loss (\S+) -> (\S+)", shown).groups()
        assert float(last) < 0.5 * float(first)


def test_comments_on_what_is_printed_are_true(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
    block = BLOCK.findall(text)[0]
    exec(block, {"__name__": "example"})
    assert re.search(r"print\(.*\)  # (.*)", block)[1] == capsys.readouterr().out.strip()


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_links_inside_the_project_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_feature_is_documented():
    from acoupipe_grain.array.features import registered_features

    text = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    for name in registered_features():
        assert f"`{name}`" in text


def test_every_frame_feature_is_documented():
    from acoupipe_grain.audio.features import registered_frame_features

    text = (ROOT / "docs" / "segments.md").read_text(encoding="utf-8")
    for name, item in registered_frame_features().items():
        assert f"`{name}`" in text or not item.compute.__module__.startswith("acoupipe_grain")

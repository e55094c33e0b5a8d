import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import DataError, ExportError
from acoupipe_grain.records.bridges.croissant import croissant_metadata, write_croissant

mlcroissant = pytest.importorskip("mlcroissant")

FULL = {
    "name": "Three microphones",
    "description": "Cross-spectral matrices of three microphones.",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "url": "https://example.org/three-microphones",
    "creators": ["Ada", {"name": "The Laboratory", "type": "Organization", "url": "https://example.org"}],
    "cite_as": "@misc{three, title={Three microphones}}",
    "version": "1.2.0",
    "date_published": "2025-06-01",
    "room": "anechoic",
}


class ThreeMicrophones:
    element_spec = {
        "csm": apg.ArraySpec((2, 3, 3), "complex64", ("frequency", "mic", "mic"), "Pa^2"),
        "loc": apg.ArraySpec((3, 4), "float32", ("xyz", "source"), "m"),
        "half": apg.ArraySpec((5,), "float16", ("bin",)),
        "mask": apg.ArraySpec((4,), "bool", ("source",)),
        "key": apg.ArraySpec((2,), "uint32", ("word",)),
        "idx": apg.ArraySpec((), "int32", ()),
        "map capon": apg.ArraySpec((2,), "uint8", ("x",)),
    }

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return {name: np.ones(spec.shape, spec.dtype) for name, spec in self.element_spec.items()}

    def __repr__(self):
        return "ThreeMicrophones()"


def export(folder, metadata=None):
    apg.export(ThreeMicrophones(), folder, num_workers=0, records_per_shard=2, progress=False, metadata=metadata)
    return folder


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """Five records with everything that Croissant asks for."""
    return export(tmp_path_factory.mktemp("croissant") / "data", FULL)


@pytest.mark.filterwarnings("ignore")  # of the package that mlcroissant reads JSON-LD with
def test_the_description_is_read_again_without_errors_or_warnings(described):
    croissant = croissant_metadata(described)
    metadata = mlcroissant.Dataset(jsonld=croissant).metadata
    assert metadata.ctx.issues.errors == set()
    assert metadata.ctx.issues.warnings == set()
    assert metadata.to_json() == croissant


def test_what_the_user_said_is_in_the_description(described):
    croissant = croissant_metadata(described)
    for key in ("name", "description", "license", "url", "version"):
        assert croissant[key] == FULL[key]
    assert croissant["citeAs"] == FULL["cite_as"]
    assert croissant["datePublished"] == "2025-06-01"
    assert croissant["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert croissant["creator"] == [
        {"@type": "sc:Person", "name": "Ada"},
        {"@type": "sc:Organization", "name": "The Laboratory", "url": "https://example.org"},
    ]
    assert "anechoic" not in json.dumps(croissant)


def test_files_are_listed_with_their_sizes_and_digests(described):
    *files, shards = croissant_metadata(described)["distribution"]
    assert [file["@id"] for file in files] == [
        "manifest.json",
        *(f"shard-0000{number}-of-00003.array_record" for number in range(3)),
    ]
    for file in files:
        data = (described / file["contentUrl"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(data).hexdigest()
        assert file["contentSize"] == f"{len(data)} B"
    assert shards["includes"] == "*.array_record"


def test_every_feature_is_a_field_with_type_shape_axes_and_unit(described):
    (records,) = croissant_metadata(described)["recordSet"]
    assert records["description"] == "5 records."
    fields = {field["name"]: field for field in records["field"]}
    assert list(fields) == list(ThreeMicrophones.element_spec)
    assert {name: field["dataType"] for name, field in fields.items()} == {
        "csm": "cr:Float32",
        "loc": "cr:Float32",
        "half": "cr:Float16",
        "mask": "sc:Boolean",
        "key": "cr:UInt32",
        "idx": "cr:Int32",
        "map capon": "cr:UInt8",
    }
    assert fields["loc"]["arrayShape"] == "3,4"
    assert fields["loc"]["isArray"] is True
    assert fields["loc"]["description"] == "axes: xyz, source; unit: m"
    assert fields["csm"]["arrayShape"] == "2,3,3,2"
    assert fields["csm"]["description"] == (
        "axes: frequency, mic, mic; unit: Pa^2; complex64, the last axis of 2 holds real and imaginary part"
    )
    assert not {"isArray", "arrayShape"} & set(fields["idx"])
    assert fields["idx"]["description"] == "unit: 1"
    assert fields["map capon"]["@id"] == "records/feature-6"


def test_without_metadata_the_source_gives_name_and_description(exported, small_source):
    croissant = croissant_metadata(exported)
    assert croissant["name"] == "SyntheticSource"
    assert croissant["description"].startswith("20 records of SyntheticSource: ")
    assert all(name in croissant["description"] for name in small_source.element_spec)
    assert not {"license", "creator", "version", "datePublished", "citeAs", "url"} & set(croissant)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"name": 3}, r"metadata\['name'\]=3: Croissant takes a text"),
        ({"description": ""}, r"metadata\['description'\]=''"),
        ({"license": {"name": "MIT"}}, r"metadata\['license'\]=.*expected a URL or an SPDX identifier"),
        ({"creators": [{"email": "a@example.org"}]}, r"metadata\['creators'\]: .* no name"),
        ({"creators": [{"name": "Ada", "orcid": "0"}]}, r"metadata\['creators'\]: .* some of email, url, type"),
        ({"creators": {"name": "Ada", "type": "Machine"}}, "type='Machine' is neither 'Person' nor 'Organization'"),
        ({"date_published": "yesterday"}, "cannot be described in Croissant.*ISO 8601"),
    ],
)
def test_metadata_that_croissant_does_not_allow_are_named(tmp_path, metadata, message):
    folder = export(tmp_path / "data", metadata)
    with pytest.raises(DataError, match=f"(?s){message}"):
        croissant_metadata(folder)


def test_one_license_and_creator_or_several(tmp_path):
    croissant = croissant_metadata(export(tmp_path / "data", {"license": ["MIT", "CC0-1.0"], "creators": "Ada"}))
    assert croissant["license"] == ["MIT", "CC0-1.0"]
    assert croissant["creator"] == {"@type": "sc:Person", "name": "Ada"}


def test_the_text_is_the_same_in_another_process_and_place(described, tmp_path):
    path = write_croissant(described, tmp_path / "here.json")
    assert path == tmp_path / "here.json"
    script = "import sys; from acoupipe_grain.records.bridges import write_croissant; write_croissant(*sys.argv[1:])"
    subprocess.run([sys.executable, "-c", script, str(described), str(tmp_path / "there.json")], check=True)
    assert path.read_bytes() == (tmp_path / "there.json").read_bytes()
    assert str(described) not in path.read_text()


def test_the_file_lies_in_the_folder_and_is_never_replaced_by_another(tmp_path):
    folder = export(tmp_path / "data")
    path = write_croissant(folder)
    assert path == folder / "croissant.json"
    assert json.loads(path.read_text()) == croissant_metadata(folder)
    assert write_croissant(folder) == path
    assert len(apg.ArrayRecordSource(folder)) == 5
    path.write_text("{}")
    with pytest.raises(ExportError, match="exists and is not overwritten"):
        write_croissant(folder)
    assert path.read_text() == "{}"


def test_a_folder_without_data_set_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no manifest\.json"):
        croissant_metadata(tmp_path)

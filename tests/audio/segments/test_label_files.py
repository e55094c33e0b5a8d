import re
from fractions import Fraction

import numpy as np
import pytest

from acoupipe_grain.audio.segments.label_files import (
    Chunk,
    FileLabel,
    read_chunks,
    read_file_labels,
    read_label_set,
    relative_path,
)
from acoupipe_grain.audio.segments.labels import GARBAGE, NO_ACTIVITY, UNKNOWN, LabelledChunk, LabelSet
from acoupipe_grain.audio.segments.labels_of_files import chunks_by_file, labels_by_file
from acoupipe_grain.errors import ArgumentError


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a label file and returns its path."""

    def write(content, name="labels.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def fails(read, path, message, *, line=None, argument="labels"):
    """See that reading fails with a message that begins with argument, file and line."""
    place = f"{argument}: {path}" + ("" if line is None else f", line {line}")
    with pytest.raises(ArgumentError, match=f"^{re.escape(place)}: {message}"):
        read(path)


class TestLabelSets:
    def test_ids_and_names(self, written):
        assert read_label_set(written("4,crow\n2,wren\n")) == LabelSet({2: "wren", 4: "crow"})

    def test_names_alone(self, written):
        labels = read_label_set(written("wren\ncrow\n12\n"))
        assert labels == LabelSet.from_names(["12", "crow", "wren"])
        assert labels.id_of("2") is None

    @pytest.mark.parametrize(
        "content",
        [
            "id,name\n2,crow\n",
            " 2 , crow ",
            "\n\n2,crow\n  \n\n",
            "2,crow\r\n",
            "id , name\r\r2,crow",
            b"\xef\xbb\xbfid,name\n2,crow\n",
            b"\xef\xbb\xbf2,crow\n",
            '2, "crow"\n',
            "002,crow",
        ],
    )
    def test_headers_blanks_ends_of_lines_and_byte_order_marks_do_not_matter(self, written, content):
        assert read_label_set(written(content)) == LabelSet({2: "crow"})

    def test_the_header_of_names(self, written):
        assert read_label_set(written("name\nwren\ncrow\n")) == LabelSet.from_names(["crow", "wren"])

    def test_a_header_is_a_first_line_that_is_exactly_so(self, written):
        assert read_label_set(written("wren\nname\n")).table == ["name", "wren"]
        assert read_label_set(written("Name\nwren\n")).table == ["Name", "wren"]
        fails(read_label_set, written("id,label\n2,crow\n"), "'id': expected a whole number", line=1)

    def test_other_separators_and_names_that_hold_them(self, written):
        assert read_label_set(written("2\tcrow, old\n"), "\t") == LabelSet({2: "crow, old"})
        assert read_label_set(written('2,"crow, old"\n3,"the ""wren"""\n')) == LabelSet(
            {2: "crow, old", 3: 'the "wren"'}
        )

    def test_letters_with_accents_are_the_same_however_they_are_written(self, written):
        assert read_label_set(written("Gru\u0308nspecht\n")).id_of("Gr\u00fcnspecht") == 0

    @pytest.mark.parametrize(
        ("content", "line", "message"),
        [
            ("0,crow\n\n1,wren\n0,owl\n", 4, "the id 0 stands in line 1 already; correct one of them"),
            ("0,crow\n1,wren\n2,crow\n", 3, "the name 'crow' stands in line 1 already"),
            ("crow\nwren\n\nwren\n", 4, "the name 'wren' stands in line 2 already"),
            ("id,name\n0,crow\n00,owl\n", 3, "the id 0 stands in line 2 already"),
            ("0,crow\nwren\n", 2, "has no id, line 1 one; give all labels an id, or none"),
            ("crow\n1,wren\n", 2, "has an id, line 1 none; give all labels an id, or none"),
            ("-1,crow\n", 1, r"'-1': negative ids are reserved \(-1 no_activity, -2 garbage, -3 unknown\)"),
            ("0,crow\n1.0,wren\n", 2, "'1.0': expected a whole number from 0 to 99999 as id"),
            ("x,crow\n", 1, "'x': expected a whole number"),
            ("²,crow\n", 1, "'²': expected a whole number"),
            ("100000,crow\n", 1, "'100000': expected a whole number from 0 to 99999"),
            (",crow\n", 1, "'': expected a whole number"),
            ("0,\n", 1, "'': expected a name that is not empty"),
            ("crow\n\nunknown\n", 3, "'unknown': is reserved .* leave it out"),
            ("0,-3\n", 1, "'-3': is reserved"),
            ("1,crow\n0,1\n", 2, "the name '1' is the id in line 1; give another name"),
            ("0,crow,x\n", 1, "'0,crow,x' has 3 columns; expected id,name or name"),
            ("id,name\ncrow\n", 2, "'crow' has 1 column; expected id,name"),
            ("0\tcrow\n1\twren\n", 1, r"'0\\tcrow' has 1 column; is the separator '\\t', not ','\?$"),
            ('0,crow\n1,"wren\n', 2, "'1,\"wren': cannot be divided into columns"),
            (b"0,crow\n1,wr\xe9n\n", 2, "byte 0xe9 is no UTF-8 text; save the file as UTF-8"),
            ("0,crow\n".encode("utf-16"), 1, "byte 0xff is no UTF-8 text"),
        ],
    )
    def test_errors_name_file_and_line(self, written, content, line, message):
        fails(read_label_set, written(content), message, line=line)

    @pytest.mark.parametrize("content", ["", "\n \n", "name\n"])
    def test_a_set_has_labels(self, written, content):
        fails(read_label_set, written(content), "lists no label; expected lines id,name or name")

    def test_a_missing_file_is_named_with_what_is_there(self, written, tmp_path):
        written("crow\n", "label.csv")
        fails(read_label_set, tmp_path / "labels.csv", r"cannot be read \(No such file.*did you mean '.*/label.csv'\?")
        fails(read_label_set, tmp_path / "x" / "y", r"cannot be read \(No such file or directory\)\.$")
        fails(read_label_set, tmp_path, r"cannot be read \(Is a directory\)\.$")

    def test_arguments_are_checked(self, written):
        with pytest.raises(ArgumentError, match="^names=3: expected the path of a file"):
            read_label_set(3, argument="names")
        for separator in ("", ",,", "a", "1", ".", "/", '"', "\n", None):
            with pytest.raises(ArgumentError, match=f"^labels: separator={re.escape(repr(separator))}: expected one"):
                read_label_set(written("crow\n"), separator)


def read_table(path):
    return read_file_labels(path, argument="labels")


class TestFileLabels:
    def test_labels_by_path_with_their_lines(self, written):
        table = read_file_labels(written("path,label\na/b.wav, crow\n\nc.wav,4\n"))
        assert table == {"a/b.wav": FileLabel("crow", 2), "c.wav": FileLabel("4", 4)}

    def test_paths_are_those_of_recordings(self, written):
        table = read_file_labels(written(".\\a\\b.wav;crow\n./c//d.wav;wren\ne/../f.wav;owl\n"), ";")
        assert list(table) == ["a/b.wav", "c/d.wav", "f.wav"]
        assert relative_path("./a\\b.wav") == "a/b.wav"

    def test_a_line_may_be_repeated(self, written):
        assert read_file_labels(written("a.wav,crow\n./a.wav,crow\n")) == {"a.wav": FileLabel("crow", 1)}

    def test_a_table_may_be_empty(self, written):
        assert read_file_labels(written("path,label\n")) == {}

    @pytest.mark.parametrize(
        ("content", "line", "message"),
        [
            (
                "a.wav,crow\nb.wav,owl\n.\\a.wav,wren\n",
                3,
                "'a.wav' is 'wren', but 'crow' in line 1; correct one of them",
            ),
            ("a.wav,crow\nb.wav\n", 2, r"'b.wav' has 1 column; expected path,label\."),
            ("a.wav,crow,wren\n", 1, r"'a.wav,crow,wren' has 3 columns; expected path,label\."),
            (
                "a.wav\tcrow\n",
                1,
                r"'a.wav\\tcrow' has 1 column; expected path,label; is the separator '\\t', not ','\?$",
            ),
            ("a.wav;crow\n", 1, r"'a.wav;crow' has 1 column; .* is the separator ';', not ','\?$"),
            ("a.wav,\n", 1, "'a.wav,': expected a label, 'unknown' if it is not known"),
            (",crow\n", 1, "',crow': expected the path of a recording"),
            ("/data/a.wav,crow\n", 1, "'/data/a.wav': expected a path within the folder of the recordings"),
            ("C:\\data\\a.wav,crow\n", 1, "'C:.*a.wav': expected a path within the folder"),
            ("x/../../a.wav,crow\n", 1, "'x/../../a.wav': expected a path within the folder"),
        ],
    )
    def test_errors_name_file_and_line(self, written, content, line, message):
        fails(read_table, written(content), message, line=line)


class TestChunks:
    def test_times_are_exact(self, written):
        chunks = read_chunks(written("start,end,label\n0.1,0.3,crow\n\n .25 , 1e1 , old crow \n0.196976,2.,4\n+1,2,-1"))
        assert chunks == (
            Chunk(Fraction(1, 10), Fraction(3, 10), "crow", 2),
            Chunk(Fraction(1, 4), Fraction(10), "old crow", 4),
            Chunk(Fraction(196976, 10**6), Fraction(2), "4", 5),
            Chunk(Fraction(1), Fraction(2), "-1", 6),
        )

    def test_parts_may_overlap_and_come_in_any_order(self, written):
        assert [chunk.label for chunk in read_chunks(written("3\t4\tb\n0\t2\ta\n1\t4\tc\n"), "\t")] == ["b", "a", "c"]

    @pytest.mark.parametrize("content", ["", "\n\n", "start,end,label\n", b"\xef\xbb\xbf"])
    def test_a_file_without_lines_labels_nothing(self, written, content):
        assert read_chunks(written(content)) == ()

    @pytest.mark.parametrize(
        ("content", "line", "message"),
        [
            ("0,1,a\nx,2,b\n", 2, "'x': expected a decimal number of seconds, such as 12.75"),
            ("0,nan,a\n", 1, "'nan': expected a decimal number"),
            ("0,inf,a\n", 1, "'inf': expected a decimal number"),
            ("0,1/2,a\n", 1, "'1/2': expected a decimal number"),
            ("0,1e99999,a\n", 1, "'1e99999': expected a decimal number"),
            ("0,1_0,a\n", 1, "'1_0': expected a decimal number"),
            ("0,.,a\n", 1, "'.': expected a decimal number"),
            (",1,a\n", 1, "'': expected a decimal number"),
            ("-0.5,1,a\n", 1, "'-0.5': expected at least 0 s, the beginning of the recording"),
            ("\n1,0.5,a\n", 2, "'1,0.5,a': expected an end after the start"),
            ("1,1.0,a\n", 1, "'1,1.0,a': expected an end after the start"),
            ("0,1,\n", 1, "'0,1,': expected a label, 'unknown' if it is not known"),
            ("0,1\n", 1, r"'0,1' has 2 columns; expected start,end,label\."),
            ("0,5,1,5,a\n", 1, r"'0,5,1,5,a' has 5 columns; expected start,end,label\."),
            ("0\t1\ta\n", 1, r"'0\\t1\\ta' has 1 column; expected start,end,label; is the separator '\\t', not ','\?$"),
            ("0,1,a\nstart,end,label\n", 2, "'start': expected a decimal number"),
        ],
    )
    def test_errors_name_file_and_line(self, written, content, line, message):
        fails(read_chunks, written(content), message, line=line, argument="chunk_labels")


class TestLabelsByFile:
    def test_without_a_set_there_are_the_labels_of_the_whole_table(self, written):
        """Of two folders with one table, ids mean the same."""
        path = written("a.wav,wren\nb/c.wav,crow\nd.wav,owl\ne.wav,unknown\nf.wav,-2\n")
        labels, ids = labels_by_file(path, ["e.wav", "a.wav", "b/c.wav", "f.wav"])
        assert labels == LabelSet.from_names(["crow", "owl", "wren"])
        assert ids.dtype == np.int32
        assert ids.tolist() == [UNKNOWN, 2, 0, GARBAGE]
        other, ids = labels_by_file(path, ["d.wav"])
        assert other == labels
        assert ids.tolist() == [1]

    def test_any_header_is_no_label(self, written):
        labels, ids = labels_by_file(written("filename,class\na.wav,wren\n"), ["a.wav"])
        assert labels == LabelSet.from_names(["wren"])
        assert ids.tolist() == [0]

    def test_with_a_set_all_others_are_unknown(self, written):
        labels = LabelSet({7: "crow", 5: "wren"})
        path = written("a.wav;owl\nb.wav;5\nc.wav;crow\nd.wav;no_activity\n")
        found, ids = labels_by_file(path, ["a.wav", "b.wav", "c.wav", "d.wav"], labels, ";")
        assert found is labels
        assert ids.tolist() == [UNKNOWN, 5, 7, NO_ACTIVITY]

    def test_names_with_accents_are_found_however_they_are_written(self, written):
        path = written("Gr\u00fcnspecht.wav,a\n")
        assert labels_by_file(path, ["Gru\u0308nspecht.wav"])[1].tolist() == [0]

    @pytest.mark.parametrize(
        ("files", "message"),
        [
            (
                ["a/b.wav", "a/c.wav"],
                "lacks the recording 'a/c.wav'; did you mean 'a/b.wav'? Add a line with its label,",
            ),
            (["a/c.wav", "d.wav", "a/b.wav"], "lacks the recording 'a/c.wav' (and 1 others)"),
            (["xyz.flac"], "lacks the recording 'xyz.flac'. Add a line with its label, 'xyz.flac,unknown' if that is"),
            (["x,y,z"], "lacks the recording 'x,y,z'. Add a line with its label, '\"x,y,z\",unknown' if"),
        ],
    )
    def test_a_recording_that_the_table_lacks_is_named_with_the_remedy(self, written, files, message):
        fails(
            lambda path: labels_by_file(path, files),
            written("a/b.wav,crow\n"),
            re.escape(message),
            argument="file_labels",
        )

    def test_errors_of_the_table_come_through(self, written):
        read = lambda path: labels_by_file(path, ["a.wav"], argument="table")  # noqa: E731
        fails(read, written("a.wav\n"), "'a.wav' has 1 column", line=1, argument="table")


class TestChunksByFile:
    def test_the_label_file_of_a_recording_has_its_path(self, written, tmp_path):
        written("0,1,wren\n1,2,unknown\n", "a/b.seg")
        written("", "c.d.seg")
        labels, chunks = chunks_by_file(tmp_path, ["c.d.flac", "a/b.wav"])
        assert labels == LabelSet.from_names(["wren"])
        assert chunks == [
            (),
            (LabelledChunk(Fraction(0), Fraction(1), 0), LabelledChunk(Fraction(1), Fraction(2), UNKNOWN)),
        ]

    def test_labels_are_numbered_over_all_recordings(self, written, tmp_path):
        written("0 1 wren", "a.txt")
        written("0 1 crow", "b.txt")
        labels, chunks = chunks_by_file(tmp_path, ["a.wav", "b.wav"], None, " ", ".txt")
        assert labels.table == ["crow", "wren"]
        assert [own[0].id for own in chunks] == [1, 0]

    def test_with_a_set_all_others_are_unknown(self, written, tmp_path):
        written("0,1,4\n1,2,crow\n2,3,owl\n3,4,garbage\n", "a.seg")
        labels = LabelSet({4: "crow"})
        found, chunks = chunks_by_file(tmp_path, ["a.wav"], labels)
        assert found is labels
        assert [chunk.id for chunk in chunks[0]] == [4, 4, UNKNOWN, GARBAGE]

    def test_a_missing_label_file_is_named_with_its_recording_and_the_remedy(self, written, tmp_path):
        written("", "a/b.wav")
        written("", "a/b.txt")
        message = (
            f"^chunk_labels: {tmp_path}/a/b.seg: there is no such file, for the recording 'a/b.wav'; is the extension "
            f"'.txt', not '.seg'\\? Add it; an empty one says that nothing is labelled.$"
        )
        with pytest.raises(ArgumentError, match=message):
            chunks_by_file(tmp_path, ["a/b.wav"])
        with pytest.raises(ArgumentError, match=r"x.seg: there is no such file, for the recording 'x.wav'\. Add it"):
            chunks_by_file(tmp_path, ["x.wav"])

    def test_a_missing_folder_is_named(self, tmp_path):
        with pytest.raises(ArgumentError, match=f"^segments: {tmp_path}/x: there is no such folder"):
            chunks_by_file(tmp_path / "x", ["a.wav"], argument="segments")

    def test_errors_of_label_files_come_through(self, written, tmp_path):
        path = written("0,1,a\n2,1,b\n", "a.seg")
        with pytest.raises(ArgumentError, match=f"^chunk_labels: {path}, line 2: '2,1,b': expected an end after"):
            chunks_by_file(tmp_path, ["a.wav"])


def test_empty_rows_of_spreadsheets_are_passed_over(written):
    assert list(read_file_labels(written("a.wav;crow\n;\n ; \n"), ";")) == ["a.wav"]


def test_labels_of_which_none_occurs_are_refused(written, tmp_path):
    table = written("a.wav,crow\nb.wav,wren\nc.wav,unknown\n", "files.csv")
    labels = LabelSet.from_names(["Crow", "Owl"])
    with pytest.raises(ArgumentError, match=r"labels: none of 'Crow', 'Owl' occurs in file_labels: .*files.csv, which"):
        labels_by_file(table, ["a.wav", "b.wav", "c.wav"], labels)
    assert labels_by_file(table, ["c.wav"], labels)[1].tolist() == [UNKNOWN]
    written("0,1,crow\n", "a.seg")
    with pytest.raises(ArgumentError, match=r"which has 'crow' \(1\); did you mean 'Crow'"):
        chunks_by_file(tmp_path, ["a.wav"], labels)


def test_what_begins_after_the_end_of_a_recording_is_refused(written, tmp_path):
    written("0.5,1.5,crow\n", "a.seg")
    path = written("0,1,crow\n100,900,crow\n", "b.seg")
    durations = [Fraction(1), Fraction(1)]
    assert len(chunks_by_file(tmp_path, ["a.wav"], durations=durations)[1][0]) == 1
    with pytest.raises(
        ArgumentError, match=rf"{re.escape(str(path))}, line 2: 100 s is after the end of 'b.wav' \(1 s\); .* in ms\?"
    ):
        chunks_by_file(tmp_path, ["a.wav", "b.wav"], durations=durations)


def test_a_recording_under_almost_the_same_name_is_shown(written):
    table = written("A,crow\nb.WAV,wren\n")
    for name, given in (("a.wav", "'A'"), ("b.wav", "'b.WAV'")):
        with pytest.raises(ArgumentError, match=rf"lacks the recording '{name}'; line \d has {given}, write it as"):
            labels_by_file(table, [name])

"""Documents into the studio: the dialog, the lines, a project of its own."""

from __future__ import annotations

from pathlib import Path

from documents import epub, page
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ditar_studio.documents import Document, ReadOptions, read_content
from ditar_studio.store.project import Project
from ditar_studio.ui.features.documents.import_dialog import ImportDialog, length_text
from ditar_studio.ui.features.script.view_model import GREETING
from ditar_studio.ui.shell.studio import Studio

BOOK = epub(
    {
        "toc.xhtml": page("<p>Chapter 1, 2</p>"),
        "one.xhtml": page(
            "<h1>One</h1><p>First. Second<a href='two.xhtml#n'><sup>1</sup></a>.</p>"
        ),
        "two.xhtml": page("<h1>Two</h1><p>Third.</p><aside id='n'><p>1 A note.</p></aside>"),
    },
    "<li><a href='toc.xhtml'>Contents</a></li><li><a href='one.xhtml'>One</a></li>"
    "<li><a href='two.xhtml'>Two</a></li>",
)


def dialog_of(qtbot: QtBot, studio: Studio) -> ImportDialog:
    def found() -> list[ImportDialog]:
        return studio.window.findChildren(ImportDialog)

    qtbot.waitUntil(lambda: bool(found()))
    return found()[-1]


def test_a_book_becomes_a_project_with_its_chapters(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    (tmp_path / "a.epub").write_bytes(BOOK)
    before = studio.document.project_id
    studio.script_panel.text_dropped.emit(str(tmp_path / "a.epub"), 0)
    dialog = dialog_of(qtbot, studio)
    assert dialog.where.choice == "new"
    states = [dialog.chapters.item(n).checkState() for n in range(3)]
    assert [state == Qt.CheckState.Checked for state in states] == [False, True, True]
    dialog.ok.click()
    qtbot.waitUntil(lambda: studio.document.project_id != before)
    qtbot.waitUntil(lambda: len(studio.script.lines) == 5)
    lines = studio.script.lines
    assert [line.text for line in lines] == ["One", "First.", "Second.", "Two", "Third."]
    assert [line.section for line in lines] == ["One", "", "", "Two", ""]
    assert [line.opens_block for line in lines] == [True, True, False, True, True]
    snapshot = studio.document.snapshot
    assert snapshot is not None
    assert snapshot.project.name == "The Book"
    assert snapshot.project.settings.export["author"] == "Ann Author"
    studio.undo()
    qtbot.waitUntil(lambda: studio.document.project_id == before)


def test_how_it_is_read_can_be_changed_in_the_dialog(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    (tmp_path / "a.html").write_bytes(
        b"<h1>T</h1><p>Text<a id=r href='#f'><sup>1</sup></a>.</p><p id=f>1 The note.</p>"
    )
    studio.document_commands.open(tmp_path / "a.html")
    dialog = dialog_of(qtbot, studio)
    assert dialog.remarks.text() == "1 footnote is left out."
    dialog.notes.setCurrentIndex(1)
    dialog.notes.activated.emit(1)
    qtbot.waitUntil(lambda: dialog.remarks.text() == "1 footnote is read after its paragraph.")
    dialog.where.choose("open")
    dialog.ok.click()
    qtbot.waitUntil(lambda: any(line.text == "The note." for line in studio.script.lines))


def test_a_short_text_is_added_without_a_question(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("Anna: Hello there.\nBen: Hi.")
    studio.document_commands.open(tmp_path / "a.txt")
    qtbot.waitUntil(lambda: [line.speaker for line in studio.script.lines][-2:] == ["Anna", "Ben"])
    assert not studio.window.findChildren(ImportDialog)


def test_no_chapter_is_nothing_to_import(qtbot: QtBot, appearance: object) -> None:
    document = read_content(BOOK, "a.epub")
    dialog = ImportDialog("a.epub", document, into_new=True)
    qtbot.addWidget(dialog)
    asked: list[ReadOptions] = []
    wanted: list[tuple[Document, bool]] = []
    dialog.options_changed.connect(asked.append)
    dialog.wanted.connect(lambda read, new: wanted.append((read, new)))
    dialog.none.click()
    assert not dialog.ok.isEnabled()
    dialog.all.click()
    dialog.headings.click()
    assert asked == [ReadOptions(headings=False)]
    dialog.show_document(document, ReadOptions())  # read as it was wanted before
    assert not dialog.ok.isEnabled()
    assert dialog.summary.text() == "Reading a.epub…"
    dialog.show_document(document, asked[0])
    assert dialog.ok.isEnabled()
    dialog.accept()
    assert wanted == [(document, True)]


def test_only_what_the_document_has_is_asked_about(qtbot: QtBot, appearance: object) -> None:
    cues = b"1\n00:00:01,000 --> 00:00:03,000\nHello there. (laughs)\n"
    rows = b"<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>"
    table = b"<h1>One</h1>" + rows + b"<h1>Two</h1><p>b</p>"
    for name, content, shown in (
        ("a.srt", cues, [False] * 4),
        ("a.md", b"# One\n\nText ![a](b.png).", [False, False, False, True]),
        ("a.html", table, [True, False, True, True]),
        ("a.epub", BOOK, [True, True, False, True]),
    ):
        dialog = ImportDialog(name, read_content(content, name), into_new=True)
        qtbot.addWidget(dialog)
        fields = (dialog.chapters, dialog.notes, dialog.tables, dialog.headings)
        assert [field.isVisibleTo(dialog) for field in fields] == shown, name
        assert dialog.ok.isEnabled()


def test_lengths_are_reported_in_words_and_time() -> None:
    assert length_text(1) == "1 word, about 1 min"
    assert length_text(30_000) == "30000 words, about 3 h 14 min"


def test_the_greeting_makes_room_for_what_is_imported(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    studio.script.edit(studio.script.lines[0].id, GREETING)
    studio.script.flush()
    qtbot.waitUntil(lambda: studio.script.lines[0].text == GREETING)
    (tmp_path / "a.txt").write_text("Hello there.\n\nBye now.")
    studio.document_commands.open(tmp_path / "a.txt")
    texts = ["Hello there.", "Bye now."]
    qtbot.waitUntil(lambda: [line.text for line in studio.script.lines] == texts)
    qtbot.waitUntil(lambda: studio.toasts.words == "2 lines were imported.")
    assert studio.script.selected == studio.script.lines[0].id


def test_an_empty_project_becomes_that_of_its_document(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    before = studio.document.project_id
    studio.document.create()

    def project() -> Project | None:
        snapshot = studio.document.snapshot
        return snapshot.project if snapshot and snapshot.project.id != before else None

    qtbot.waitUntil(lambda: project() is not None)
    (tmp_path / "a.epub").write_bytes(BOOK)
    studio.document_commands.open(tmp_path / "a.epub")
    dialog = dialog_of(qtbot, studio)
    dialog.where.choose("open")
    dialog.ok.click()

    def reported() -> tuple[str, object]:
        now = project()
        return ("", None) if now is None else (now.name, now.settings.export.get("author"))

    qtbot.waitUntil(lambda: reported() == ("The Book", "Ann Author"))
    assert [line.text for line in studio.script.lines][:2] == ["One", "First."]
    qtbot.waitUntil(lambda: studio.actions_.action("edit.undo").text() == "Undo: Import document")
    studio.undo()
    qtbot.waitUntil(lambda: reported() == ("Untitled 2", None))
    assert studio.script.lines == ()
    studio.document.redo()
    qtbot.waitUntil(lambda: reported() == ("The Book", "Ann Author"))
    assert [line.text for line in studio.script.lines][:2] == ["One", "First."]

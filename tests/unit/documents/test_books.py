from __future__ import annotations

import zipfile
from typing import Any

import pytest
from documents import PNG, docx, epub, page, pdf, w_p, word_docx, zipped

from ditar_studio.documents import Document, ReadOptions, chosen, read_content
from ditar_studio.documents.archive import LARGEST_MEMBER
from ditar_studio.errors import StudioError

AFTER = ReadOptions(notes="after_paragraph")


def texts(document: Document) -> list[str]:
    return [p.text for chapter in document.chapters for p in chapter.paragraphs]


def remarks(document: Document) -> dict[str, int]:
    return {remark.kind: remark.count for remark in document.remarks}


CHAPTER = page(
    "<section><h1>One</h1><p>It&nbsp;was<a id='r1' epub:type='noteref' href='notes.xhtml#n1'>1</a>"
    " a co\u00adld <em>day</em>.<span epub:type='pagebreak' id='p2' title='2'>2</span></p>"
    "<p>Line one<br/>line two</p><hr/><p>\ufb01nal <img src='x.png' alt=''/></p>"
    "<div style='display: none'>hidden</div><script>evil()</script></section>"
)
NOTES = page(
    "<section epub:type='endnotes'><h2>Notes</h2><ol><li id='n1'><p><a href='one.xhtml#r1'>1</a>"
    " A note.</p><p>It goes on.</p></li></ol></section>"
)


def test_an_epub_is_read_in_its_chapters_without_what_is_not_spoken() -> None:
    toc = (
        "<li><a href='one.xhtml'>First</a><ol><li><a href='one.xhtml#x'>Section</a></li></ol></li>"
        "<li><a href='two.xhtml#b'>Second</a></li>"
    )
    two = page("<p>Before.</p><h1 id='b'>Two</h1><p>Text.</p>")
    pages = {"one.xhtml": CHAPTER, "two.xhtml": two, "notes.xhtml": NOTES}
    document = read_content(epub(pages, toc, PNG), "a.epub")
    assert (document.title, document.author, document.language) == ("The Book", "Ann Author", "en")
    assert document.cover == PNG
    assert [c.title for c in document.chapters] == ["First", "Second"]
    assert texts(document) == [
        "One",
        "It was a cold day.",
        "Line one line two",
        "final",
        "Before.",
        "Two",
        "Text.",
    ]
    assert document.chapters[0].paragraphs[2].pause_seconds == 2.0
    assert remarks(document) == {"page_marks": 1, "pictures": 1, "notes_left_out": 1}
    spoken = texts(read_content(epub(pages, toc), "a.epub", AFTER))
    assert spoken[1:4] == ["It was a cold day.", "A note.", "It goes on."]


def test_parts_of_several_files_are_divided_into_their_chapters() -> None:
    toc = (
        "<li><a href='p.xhtml'>Part</a><ol><li><a href='a.xhtml'>A</a></li>"
        "<li><a href='b.xhtml'>B</a></li></ol></li>"
    )
    pages = {f"{n}.xhtml": page(f"<p>Text {n}</p>") for n in "pab"}
    document = read_content(epub(pages, toc), "a.epub")
    assert [c.title for c in document.chapters] == ["Part", "A", "B"]


def test_an_epub_2_and_one_without_contents_have_chapters_too() -> None:
    pages = {"a.xhtml": page("<h2>A</h2><p>a</p><h2>B</h2><p>b</p>")}
    document = read_content(epub(pages), "a.epub")
    assert [c.title for c in document.chapters] == ["A", "B"]
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>X'
        '</text></navLabel><content src="a.xhtml"/></navPoint></navMap></ncx>'
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
        '<item id="p" href="a.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="n" href="t.ncx" media-type="application/x-dtbncx+xml"/></manifest>'
        '<spine toc="n"><itemref idref="p"/></spine></package>'
    )
    more: dict[str, Any] = {"OEBPS/t.ncx": ncx, "OEBPS/book.opf": package}
    document = read_content(epub(pages, **more), "a.epub")
    assert [c.title for c in document.chapters] == ["X"]
    assert document.title == "a"


def test_some_chapters_can_be_chosen_and_contents_are_known() -> None:
    toc = "<li><a href='c.xhtml'>Contents</a></li><li><a href='t.xhtml'>Text</a></li>"
    pages = {"c.xhtml": page("<p>Text 5</p>"), "t.xhtml": page("<p>Hello there</p>")}
    document = read_content(epub(pages, toc), "a.epub")
    assert [c.read_out for c in document.chapters] == [False, True]
    assert texts(chosen(document, [1])) == ["Hello there"]
    assert (document.words, chosen(document, [1]).words) == (4, 2)


def test_a_locked_book_is_reported_as_locked() -> None:
    lock = "<encryption><EncryptionMethod Algorithm='{}'/></encryption>"
    pages = {"a.xhtml": page("<p>Hi</p>")}
    fonts = lock.format("http://www.idpf.org/2008/embedding")
    more: dict[str, Any] = {"META-INF/encryption.xml": fonts}
    assert texts(read_content(epub(pages, **more), "a.epub")) == ["Hi"]
    more = {"META-INF/encryption.xml": lock.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}
    with pytest.raises(StudioError, match="is locked"):
        read_content(epub(pages, **more), "a.epub")


def test_a_web_page_is_read_by_its_main_part() -> None:
    text = "A sentence of the article. " * 10
    html = (
        "<html lang=en><title>T</title><body><nav>Home</nav><div>Ad</div>"
        f"<main><h1>T</h1><p>{text}</p><table><tr><th>K<th>V<tr><td>a<td>1</table></main></body>"
    )
    document = read_content(html.encode(), "a.html")
    assert texts(document) == ["T", text.strip(), "K: a; V: 1."]
    left_out = read_content(html.encode(), "a.html", ReadOptions(tables="leave_out"))
    assert remarks(left_out) == {"tables_left_out": 1}


def test_footnotes_that_a_page_only_links_are_found() -> None:
    html = (
        "<p>Text<sup><a id='r1' href='#f1'>[1]</a></sup> goes on.</p>"
        "<p class='pagenum'>5</p>"
        "<p><a id='f1' href='#r1'>[1]</a> The note.</p><p>More.</p>"
    )
    assert texts(read_content(html.encode(), "a.html")) == ["Text goes on.", "More."]
    spoken = read_content(html.encode(), "a.html", AFTER)
    assert texts(spoken) == ["Text goes on.", "The note.", "More."]


def test_a_word_document_is_read_with_headings_notes_tables_and_changes() -> None:
    cell = "<w:tc>{}</w:tc>".format
    row = "<w:tr>{}</w:tr>".format
    table = (
        "<w:tbl>"
        + "".join(
            row("".join(cell(w_p(text)) for text in texts))
            for texts in (("Name", "Age"), ("Ann", "5"))
        )
        + "</w:tbl>"
    )
    changed = (
        "<w:r><w:t xml:space='preserve'>It </w:t></w:r><w:del><w:r><w:delText>was</w:delText>"
        "</w:r></w:del><w:ins><w:r><w:t>is</w:t></w:r></w:ins><w:r><w:footnoteReference w:id='2'/>"
        "</w:r><w:r><w:tab/><w:t>so.</w:t></w:r>"
    )
    body = (
        w_p("The Title", "T") + w_p("One", "H1") + w_p(changed) + table
        + w_p("Two", "Sub") + w_p("* * *")
        + f"<w:sdt><w:sdtContent>{w_p('End.')}</w:sdtContent></w:sdt>"
    )  # fmt: skip
    notes = "<w:footnote w:id='0' w:type='separator'/><w:footnote w:id='2'>" + w_p("Note.")
    content = docx(body, notes + "</w:footnote>")
    document = read_content(content, "a.docx")
    assert document.title == "The Title"
    assert [c.title for c in document.chapters] == ["", "One", "Two"]
    assert texts(document) == [
        *("The Title", "One", "It is so.", "Name: Ann; Age: 5.", "Two", "End."),
    ]
    assert remarks(document) == {"tables_by_row": 1, "notes_left_out": 1}
    assert "Note." in texts(read_content(content, "a.docx", AFTER))
    assert read_content(docx(body, title="Facts"), "a.docx").title == "Facts"


def test_a_document_as_word_writes_it_has_its_footnotes() -> None:
    """Separators, marks of one's own, notes of headings, tables and of several paragraphs."""

    def reference(identifier: int, more: str = "", mark: str = "", kind: str = "footnote") -> str:
        return (
            '<w:r w:rsidR="00A1"><w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr>'
            f'<w:{kind}Reference {more} w:id="{identifier}"/>{mark}</w:r>'
        )

    def run(text: str) -> str:
        return f'<w:r w:rsidR="00A2"><w:t xml:space="preserve">{text}</w:t></w:r>'

    def note(identifier: int, *texts: str, kind: str = "footnote") -> str:
        first = f'<w:r><w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr><w:{kind}Ref/></w:r>'
        paragraphs = [
            f'<w:p w14:paraId="5A1B{identifier}{n}"><w:pPr><w:pStyle w:val="FootnoteText"/></w:pPr>'
            f"{first if not n else ''}{run(f' {text}')}</w:p>"
            for n, text in enumerate(texts)
        ]
        return f'<w:{kind} w:id="{identifier}">{"".join(paragraphs)}</w:{kind}>'

    def lines(kind: str) -> str:
        return "".join(
            f'<w:{kind} w:type="{name}" w:id="{number}">'
            f"<w:p><w:r><w:{name}/></w:r></w:p></w:{kind}>"
            for number, name in ((-1, "separator"), (0, "continuationSeparator"))
        )

    cells = "".join(f"<w:tc>{w_p(each)}</w:tc>" for each in ("Ann", run("5") + reference(4)))
    own = reference(3, 'w:customMarkFollows="1"', "<w:t>*</w:t>")
    body = (
        w_p(run("One") + reference(1), "H1")
        + w_p(
            run("The lamps") + reference(2) + run(" came on") + own
            + run(".") + reference(1, kind="endnote")
        )
        + f"<w:tbl><w:tblPr/><w:tr>{cells}</w:tr></w:tbl>"
        + w_p("Two", "H1") + w_p("It ends.")
        + '<w:sectPr><w:footnotePr><w:numFmt w:val="decimal"/></w:footnotePr></w:sectPr>'
    )  # fmt: skip
    footnotes = (
        lines("footnote")
        + note(1, "Of the heading.")
        + note(2, "Of oil.", "Later of gas.")
        + note(3, "By hand.")
        + note(4, "Years.")
    )
    endnotes = lines("endnote") + note(1, "At the end.", kind="endnote")
    for number in ("", "2"):  # as programs on the web call the parts
        content = word_docx(body, footnotes, endnotes, number)
        document = read_content(content, "a.docx")
        assert remarks(document) == {"tables_by_row": 1, "notes_left_out": 5}
        assert texts(document) == ["One", "The lamps came on.", "Ann; 5.", "Two", "It ends."]
        read = read_content(content, "a.docx", AFTER)
        assert remarks(read) == {"tables_by_row": 1, "notes_read": 5}
        assert texts(read) == [
            *("One", "Of the heading.", "The lamps came on.", "Of oil.", "Later of gas."),
            *("By hand.", "At the end.", "Ann; 5.", "Years.", "Two", "It ends."),
        ]


def lines_of(text: str, top: float = 760) -> list[tuple[float, float, str]]:
    return [(72, top - 14 * n, line) for n, line in enumerate(text.split("\n"))]


FULL = "This is a line of a book that reaches as far to the right as any other"


def test_a_pdf_is_read_in_paragraphs_without_heads_and_page_numbers() -> None:
    pages = [
        [
            (72, 805, f"A Book of Tests {n}"),
            *lines_of(f"{word} {FULL}\n{FULL} and hy-\nphens end here.\n{FULL}"),
            (290, 30, f"{n}"),
        ]
        for n, word in enumerate(("One", "Two", "Three", "Four"), start=1)
    ]
    pages[1].insert(1, (72, 785, "Second"))
    document = read_content(pdf(pages, [("First", 0), ("Second", 1)]), "a.pdf")
    assert [c.title for c in document.chapters] == ["First", "Second"]
    found = texts(document)
    assert not any("A Book of Tests" in text or text.isdigit() for text in found)
    assert found[0] == f"One {FULL} {FULL} and hyphens end here."
    assert remarks(document) == {"page_marks": 4}
    assert f"{FULL} Three {FULL} {FULL} and hyphens end here." in found


def test_a_pdf_of_pictures_is_reported() -> None:
    with pytest.raises(StudioError, match="pictures"):
        read_content(pdf([[]]), "a.pdf")


def test_a_zip_bomb_is_refused_before_it_fills_the_memory() -> None:
    bomb = zipped({"word/document.xml": b"<a>" + b" " * (8 << 20)})
    with pytest.raises(StudioError, match="unpacks to more"):
        read_content(bomb, "a.docx")
    assert LARGEST_MEMBER < 1 << 27


def test_an_external_entity_is_not_read() -> None:
    evil = (
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY a "ha">'
        + "".join(f'<!ENTITY a{n} "{"&a;" * 50}">' for n in range(3))
        + ']><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>Seen &x; &a0;</w:t></w:r></w:p></w:body></w:document>"
    )
    document = read_content(zipped({"word/document.xml": evil}), "a.docx")
    assert "root:" not in texts(document)[0]
    assert texts(document)[0].startswith("Seen")


def test_a_broken_zip_member_is_reported() -> None:
    content = bytearray(docx(w_p("Hello")))
    with zipfile.ZipFile(__import__("io").BytesIO(bytes(content))) as archive:
        offset = archive.getinfo("word/document.xml").header_offset
    content[offset + 50 : offset + 60] = b"\xff" * 10
    with pytest.raises(StudioError, match="damaged"):
        read_content(bytes(content), "a.docx")


def test_deep_nesting_is_read_or_refused_without_a_crash() -> None:
    html = b"<p>Before.</p>" + b"<div>" * 20_000 + b"x" + b"</div>" * 20_000
    assert texts(read_content(html, "a.html"))[0] == "Before."

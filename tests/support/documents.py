"""Documents of every kind, made by hand for the tests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def zipped(members: dict[str, str | bytes]) -> bytes:
    """Make a zip file of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def page(body: str, title: str = "") -> str:
    """Make an XHTML page as books have them."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title>{title}</title></head><body>{body}</body></html>"
    )


def epub(pages: dict[str, str], toc: str = "", cover: bytes = b"", **more: str | bytes) -> bytes:
    """Make an EPUB 3 whose spine is `pages`; `toc` is the inside of the list of its contents."""
    items = [
        f'<item id="p{n}" href="{name}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(pages)
    ]
    refs = [f'<itemref idref="p{n}"/>' for n in range(len(pages))]
    if toc:
        items.append(
            '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        )
    if cover:
        items.append('<item id="c" href="c.png" properties="cover-image" media-type="image/png"/>')
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<metadata><dc:title>The Book</dc:title><dc:creator>Ann Author</dc:creator>"
        "<dc:language>en</dc:language></metadata>"
        f"<manifest>{''.join(items)}</manifest><spine>{''.join(refs)}</spine></package>"
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    )
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "OEBPS/book.opf": package,
        **{f"OEBPS/{name}": content for name, content in pages.items()},
        **more,
    }
    if toc:
        members["OEBPS/nav.xhtml"] = page(f'<nav epub:type="toc"><ol>{toc}</ol></nav>')
    if cover:
        members["OEBPS/c.png"] = cover
    return zipped(members)


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


_OPC = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def word_docx(body: str, footnotes: str, endnotes: str, number: str = "") -> bytes:
    """Make a Word document as Word writes it: parts with links; `number` is in their names."""

    def links(**targets: str) -> str:
        each = "".join(
            f'<Relationship Id="r{kind}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
            for kind, target in targets.items()
        )
        return f'<Relationships xmlns="{_OPC}/relationships">{each}</Relationships>'

    def part(name: str, inside: str) -> str:
        return (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
            f'<w:{name} xmlns:w="{W}" xmlns:w14="http://schemas.microsoft.com/office/word/2010/'
            'wordml" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
            f'mc:Ignorable="w14">{inside}</w:{name}>'
        )

    heading = '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_OPC}/content-types"/>',
        "_rels/.rels": links(officeDocument=f"word/document{number}.xml"),
        f"word/_rels/document{number}.xml.rels": links(
            styles=f"styles{number}.xml",
            footnotes=f"footnotes{number}.xml",
            endnotes=f"/word/endnotes{number}.xml",
        ),
        f"word/document{number}.xml": part("document", f"<w:body>{body}</w:body>"),
        f"word/styles{number}.xml": part("styles", heading),
        f"word/footnotes{number}.xml": part("footnotes", footnotes),
        f"word/endnotes{number}.xml": part("endnotes", endnotes),
    }
    return zipped(members)


def docx(body: str, footnotes: str = "", title: str = "") -> bytes:
    """Make a Word document of this body."""
    styles = (
        f'<w:styles xmlns:w="{W}">'
        '<w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:styleId="Sub"><w:name w:val="My head"/><w:basedOn w:val="H1"/></w:style>'
        '<w:style w:styleId="T"><w:name w:val="Title"/></w:style></w:styles>'
    )
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
        "word/styles.xml": styles,
    }
    if footnotes:
        members["word/footnotes.xml"] = f'<w:footnotes xmlns:w="{W}">{footnotes}</w:footnotes>'
    if title:
        members["docProps/core.xml"] = (
            '<cp:coreProperties xmlns:cp="c" xmlns:dc="d">'
            f"<dc:title>{title}</dc:title><dc:creator>Ann</dc:creator></cp:coreProperties>"
        )
    return zipped(members)


def w_p(text: str, style: str = "") -> str:
    """Make a paragraph of a Word document; `text` may hold runs of its own."""
    run = text if text.startswith("<w:") else f"<w:r><w:t>{text}</w:t></w:r>"
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}{run}</w:p>"


def pdf(
    pages: Sequence[Sequence[tuple[float, float, str]]], bookmarks: Sequence[tuple[str, int]] = ()
) -> bytes:
    """Make a PDF of A4 pages, each a list of (left, bottom, text) in points, in Helvetica 11."""
    objects: list[bytes] = []

    def add(content: str) -> int:
        objects.append(content.encode("cp1252"))
        return len(objects)

    count = len(pages)
    first_page = 4
    outline = first_page + 2 * count
    kids = " ".join(f"{first_page + 2 * n} 0 R" for n in range(count))
    add(f"<< /Type /Catalog /Pages 2 0 R {f'/Outlines {outline} 0 R' if bookmarks else ''} >>")
    add(f"<< /Type /Pages /Kids [{kids}] /Count {count} >>")
    add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    for lines in pages:
        stream = "".join(f"BT /F1 11 Tf {x} {y} Td ({text}) Tj ET\n" for x, y, text in lines)
        number = len(objects) + 1
        add(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {number + 1} 0 R >>"
        )
        add(f"<< /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream")
    if bookmarks:
        last = outline + len(bookmarks)
        add(
            f"<< /Type /Outlines /First {outline + 1} 0 R /Last {last} 0 R "
            f"/Count {len(bookmarks)} >>"
        )
        for n, (title, target) in enumerate(bookmarks):
            own = outline + 1 + n
            links = (f"/Prev {own - 1} 0 R " if n else "") + (
                f"/Next {own + 1} 0 R " if n + 1 < len(bookmarks) else ""
            )
            add(
                f"<< /Title ({title}) /Parent {outline} 0 R {links}"
                f"/Dest [{first_page + 2 * target} 0 R /Fit] >>"
            )
    out = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += "".join(f"{place:010d} 00000 n \n" for place in places).encode()
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    return out

"""From an EPUB to an audiobook in the whole program, worked by accessible names alone."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from captured_sound import CAPTURE_RATE, likeness, sounding_part, sounding_seconds
from documents import epub, page
from screen_reader import Desktop, until
from virtual_audio import VirtualAudio
from whole_program import Listener, Program, running

from ditar_studio.store.library import Library
from ditar_studio.ui.kit.preferences import PreferenceFile

FIRST = (
    "The harbour was quiet.",
    "A gull sat on the read boat.",
    "Siobhan did not know it yet.",
    "She came at nine.",
)
CORRECTED = "A gull sat on the red boats."
SECOND = "Chapter 2, in which the lamps along the wall come on"
"""Takes longer to say than the player goes back at once."""
OTHER = "The lamps along the wall came on one after another and the wind went down. " * 5

pytestmark = pytest.mark.timeout(900)


def picture() -> bytes:
    """A small grey PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    body = zlib.compress((b"\0" + b"\x80" * 8) * 8)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def book(path: Path) -> Path:
    """An EPUB of 30,000 words: a short first chapter, and long ones."""
    first = f"<h1>One</h1><p>{FIRST[0]} {FIRST[1]}</p><p>{FIRST[2]} {FIRST[3]}</p>"
    pages, titles = {"p1.xhtml": page(first)}, ["One"]
    words = 0
    while words < 30_000:
        number = len(pages) + 1
        paragraphs = "".join(f"<p>{OTHER}</p>" for _ in range(40))
        title = SECOND if number == 2 else f"Chapter {number}"
        pages[f"p{number}.xhtml"] = page(f"<h1>{title}</h1>{paragraphs}")
        titles.append(title)
        words += 40 * len(OTHER.split())
    links = zip(pages, titles, strict=True)
    toc = "".join(f'<li><a href="{name}">{title}</a></li>' for name, title in links)
    cover = {"OEBPS/c.png": picture()}
    path.write_bytes(epub(pages, toc, picture(), **cover))
    return path


def first_chapter(program: Program) -> None:
    """Selects the lines of the first chapter and the title of the second."""
    program.focus("Line 1")
    program.menu("Script", "Select the line below too", times=5)
    program.window.find("6 of *", "label")


def speak_it(program: Program) -> None:
    first_chapter(program)
    program.press("Speak 6 lines", "push button")


def line_heard(program: Program) -> int:
    """The number of the line at the playhead; 0 if there is none."""
    for line in range(1, 7):
        node = program.window.look_for(f"Line {line}", "text")
        if node is not None and node.description.startswith("Now playing"):
            return line
    return 0


def is_played(program: Program) -> bool:
    """Whether a sound was played to its end, where the player stays."""
    times = re.compile(r"(?P<length>[\d:.]+) / (?P=length)")
    at_end = any(times.fullmatch(n.name) for n in program.window.shown() if n.role == "label")
    return at_end and program.window.look_for("Play", "push button") is not None


def is_spoken(program: Program, line: int) -> bool:
    node = program.window.look_for(f"Line {line}", "text")
    # What was heard may differ from what is written; it is spoken then, too.
    words = node.description if node is not None else ""
    return words.startswith("Spoken") or " differ" in words.partition(".")[0]


def correct(program: Program) -> None:
    """Two words that the reader of the manuscript had got wrong."""
    line = program.window.find("Line 3", "text")
    assert line.text == FIRST[1]
    line.write(CORRECTED)
    program.focus("Line 3")
    until(lambda: not program.window.look_for("6 of *", "label"))


def heat(program: Program) -> None:
    """Gives the paragraph of the selected line a temperature of its own."""
    program.window.find("The whole project", "combo box").choose("This paragraph")
    program.window.find("Temperature, value", "spin box").set_value(0.85)


def teach(program: Program) -> None:
    """Tells how a name is said."""
    program.menu("Script", "Pronunciation of the word…")
    program.write("Word", "Siobhan")
    program.write("How it is said", "shi vawn")
    program.press("Save", "push button")


def test_a_book_is_read_in_spoken_corrected_and_delivered(
    desktop: Desktop, virtual_sound: VirtualAudio, tmp_path: Path, own_home: Path
) -> None:
    library, log, out = tmp_path / "library", tmp_path / "program.log", tmp_path / "out"
    PreferenceFile().change(language="en", first_run_done=True, library_folder=str(library))
    with running(desktop, virtual_sound, library, log) as program:
        program.window.find("Ready:*", "label", 120)
        program.press("Open a document as script", "push button")
        program.write("File name:", str(book(tmp_path / "The Book.epub")))
        program.press("Open", "push button")
        program.press("Import", "push button")
        program.window.find("Line 6", "text")
        speak_it(program)
        until(lambda: line_heard(program) >= 1, 60)
        until(lambda: line_heard(program) >= 2, 60)
        program.menu("Speak", "Stop, keep what was heard")
        correct(program)
        heat(program)
        teach(program)
        speak_it(program)
        until(lambda: all(is_spoken(program, line) for line in range(1, 7)), 120)
        program.quit()
    with running(desktop, virtual_sound, library, log) as program:
        program.window.find("Ready:*", "label", 120)
        with Listener(virtual_sound, tmp_path / "heard.raw") as listener:
            program.press("Play script", "push button")
            until(lambda: is_played(program), 120)
            heard = sounding_part(listener.close())
        program.menu("Speak", "Two seconds back")
        until(lambda: line_heard(program) == 6)
        program.menu("File", "Export…")
        program.window.find("WAV, 24 bit*", "combo box").choose("M4B*")
        program.write("Folder", str(out))
        program.press("Export", "push button")
        (exported,) = until(lambda: list(out.glob("[!.]*.m4b")), 60)
        program.quit()
    check_takes(library)
    check_file(exported, heard)


def check_takes(library: Path) -> None:
    with Library(library) as opened:
        project = opened.projects.open_last().value
        lines = opened.lines.of_project(project.id)[:6]
        takes = {take.id: take for take in opened.takes.of_project(project.id)}
    assert project.name == "The Book"
    assert [line.state for line in lines] == ["rendered"] * 6
    assert [line.text for line in lines] == ["One", FIRST[0], CORRECTED, *FIRST[2:], SECOND]
    assert [line.block_settings.get("temperature") for line in lines[1:4]] == [0.85, 0.85, None]
    spoken = [takes[line.take_id or ""].recipe for line in lines]
    assert [recipe.settings["temperature"] == 0.85 for recipe in spoken[1:4]] == [True, True, False]
    assert spoken[2].text == CORRECTED
    assert spoken[3].pronunciations == "Siobhan = shi vawn"


def check_file(path: Path, heard: np.ndarray) -> None:
    """It is an audiobook with chapters and cover, and sounds as the script was heard."""
    with av.open(str(path)) as book:
        stream = book.streams.audio[0]
        rate = stream.rate
        assert [c["metadata"]["title"] for c in book.chapters()] == ["One", SECOND]
        assert (book.metadata["album"], book.metadata["artist"]) == ("The Book", "Ann Author")
        assert [s.type for s in book.streams].count("video") == 1  # the cover
        sound = np.concatenate([f.to_ndarray().reshape(-1) for f in book.decode(stream)])
    scale = np.iinfo(sound.dtype).max if sound.dtype.kind == "i" else 1.0
    sound = (sound / scale).astype(np.float32)
    seconds = sounding_seconds(sound, rate)
    assert sounding_seconds(heard, CAPTURE_RATE) == pytest.approx(seconds, rel=0.05)
    assert likeness(heard, sound, rate) >= 0.99

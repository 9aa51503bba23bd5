"""The options of `ditar-studio book`."""

from __future__ import annotations

import argparse
from typing import get_args

from ditar_studio.documents import SUFFIXES
from ditar_studio.services.export_settings import Subtitles
from ditar_studio.services.formats import ENCODINGS


def add_book_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of what to read of which document, and of the files to write."""
    kinds = ", ".join(suffix[1:] for suffix in SUFFIXES)
    parser.add_argument("document", metavar="FILE", help=f"one of these kinds: {kinds}")
    parser.add_argument("--list", action="store_true", help="list the chapters, and do nothing")
    parser.add_argument(
        "--out-dir",
        metavar="DIR",
        help="where the book goes; chapters that are made lie in DIR/parts and are not made again",
    )
    parser.add_argument(
        "--chapters",
        metavar="N,N-N",
        help="numbers as --list has them, or “all”; default: all but contents, index and the like",
    )
    parser.add_argument(
        "--notes",
        choices=["leave_out", "after_paragraph"],
        default="leave_out",
        help="footnotes; default: %(default)s",
    )
    parser.add_argument(
        "--tables",
        choices=["by_row", "leave_out"],
        default="by_row",
        help="read row by row, or left out; default: %(default)s",
    )
    parser.add_argument("--no-headings", action="store_true", help="don't read headings")
    parser.add_argument("--reference", metavar="CLIP", help="a recording of the voice, 1 to 30 s")
    parser.add_argument("--transcript", default="", help="the words spoken in it")
    parser.add_argument("--voice", metavar="NAME", help="a voice of the library, or a sample voice")
    parser.add_argument(
        "--format",
        choices=tuple(ENCODINGS),
        default="m4b",
        help="of the book; default: %(default)s",
    )
    parser.add_argument("--per-chapter", action="store_true", help="a file for each chapter")
    parser.add_argument("--loudness", type=float, metavar="LUFS", help="-18 is usual for books")
    parser.add_argument(
        "--acx", action="store_true", help="make MP3 files as ACX demands, and check them"
    )
    parser.add_argument(
        "--subtitles",
        choices=get_args(Subtitles),
        nargs="+",
        default=[],
        help="files with the words and their times",
    )
    parser.add_argument("--by-word", action="store_true", help="subtitles word by word")
    parser.add_argument("--title", default="", help="default: the document's")
    parser.add_argument("--author", default="", help="default: the document's")
    parser.add_argument("--cover", default="", metavar="PICTURE", help="default: the document's")
    parser.add_argument("--force", action="store_true", help="replace files of the same name")

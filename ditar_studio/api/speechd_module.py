"""A module of Speech Dispatcher: screen readers on Linux speak with cloned voices.

Speech Dispatcher starts the module and talks to it over stdin and stdout, line by line. The sound
goes back the same way (“server audio”), so that it is played as the user set up Speech Dispatcher.
"""

from __future__ import annotations

import logging
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from html import unescape
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from ditar_studio.errors import StudioError
from ditar_studio.services.clips import Stretcher
from ditar_studio.services.voice_library import known_voices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.api.lazy_model import LazyModel
    from ditar_studio.python_api.stream import AudioStream

log = logging.getLogger(__name__)

_CHUNK = 5000
"""Samples that are sent at once: enough to be efficient, few enough to stop soon."""

_MARK: Final = re.compile(r"<mark\s+name\s*=\s*[\"'](?P<name>[^\"']*)[\"']\s*/?>")
_TAG: Final = re.compile(r"<[^<>]*>")
_RATE_BASE = 3.0  # the highest rate is three times as fast, the lowest takes three times as long


class SpeechdModule:
    """Answers Speech Dispatcher until it says QUIT or leaves.

    Args:
        read, write: the module's stdin and stdout.
        model: who speaks. Speech Dispatcher starts every module it knows, so that it is loaded
            only when something is to be said.
        voice: who speaks until another one is set; empty for the model's own.
    """

    def __init__(self, read: BinaryIO, write: BinaryIO, model: LazyModel, voice: str = "") -> None:
        self._read = read
        self._write = write
        self._model = model
        self._lock = threading.Lock()
        self._default_voice = self._voice = voice
        self._speed = 1.0
        self._gain = 1.0
        self._speaker: threading.Thread | None = None
        self._stream: AudioStream | None = None
        self._stopped = threading.Event()
        self._end = "702 END"

    def run(self) -> None:
        """Answer commands until the end."""
        answers: dict[str, Callable[[], None]] = {
            "INIT": lambda: self._send("299-DiTAR Studio is ready", "299 OK LOADED SUCCESSFULLY"),
            "SPEAK": lambda: self._speak(_sentences),
            "SOUND_ICON": lambda: self._speak(_words),
            "CHAR": lambda: self._speak(_character),
            "KEY": lambda: self._speak(_words),
            "STOP": lambda: self._stop("703 STOP"),
            "PAUSE": lambda: self._stop("704 PAUSE"),
            "SET": lambda: self._settings("203 OK RECEIVING SETTINGS", "203 OK SETTINGS RECEIVED"),
            "AUDIO": self._audio,
            "LOGLEVEL": lambda: self._settings(
                "207 OK RECEIVING LOGLEVEL SETTINGS", "203 OK LOGLEVEL SET"
            ),
        }
        try:
            while (line := self._line()) is not None:
                if line == "QUIT":
                    self._stop("703 STOP")
                    self._wait()
                    self._send("210 OK QUIT")
                    return
                if line.startswith("LIST VOICES"):
                    self._list_voices()
                elif line.startswith("DEBUG"):
                    self._send("200 OK DEBUGGING " + ("ON" if " ON" in line else "OFF"))
                else:
                    answers.get(line, lambda: self._send("300 ERR UNKNOWN COMMAND"))()
        finally:
            self._stop("703 STOP")
            self._wait()

    def _line(self) -> str | None:
        line = self._read.readline()
        return line.decode(errors="replace").rstrip("\r\n") if line else None

    def _send(self, *lines: str) -> None:
        with self._lock:
            self._write.write("".join(f"{line}\n" for line in lines).encode())
            self._write.flush()

    def _message(self) -> list[str]:
        """Read lines up to a single full stop; those that begin with one have it doubled."""
        lines = []
        while (line := self._line()) is not None and line != ".":
            lines.append(line[1:] if line.startswith(".") else line)
        return lines

    # --- settings

    def _settings(self, begin: str, end: str) -> None:
        self._send(begin)
        for line in self._message():
            name, _, value = line.partition("=")
            self._set(name, value)
        self._send(end)

    def _set(self, name: str, value: str) -> None:
        match name:
            case "synthesis_voice":
                self._voice = self._default_voice if value in ("", "NULL", "no_voice") else value
            case "rate":
                self._speed = _RATE_BASE ** (_whole(value) / 100)
            case "volume":
                self._gain = (_whole(value) + 100) / 200

    def _audio(self) -> None:
        self._send("207 OK RECEIVING AUDIO SETTINGS")
        given = dict(line.partition("=")[::2] for line in self._message())
        if given.get("audio_output_method") == "server":
            self._send("203 OK AUDIO INITIALIZED")
        else:
            self._send("300-Only Speech Dispatcher plays the sound", "300 MODULE ERROR")

    def _list_voices(self) -> None:
        try:
            voices, languages = known_voices(), self._model.get().languages
        except StudioError as error:
            log.warning("voices can't be listed: %s", error)
            voices, languages = [], ()
        lines = [f"200-{voice.name}\t{each}\tnone" for voice in voices for each in languages]
        self._send(*lines, "200 OK VOICE LIST SENT" if lines else "304 CANT LIST VOICES")

    # --- speaking

    def _speak(self, parts_of: Callable[[str], Iterator[tuple[str, str]]]) -> None:
        self._send("202 OK RECEIVING MESSAGE")
        text = "\n".join(self._message())
        self._wait()
        if not text.strip() and text != " ":
            self._send("301 ERROR CANT SPEAK")
            return
        self._stopped.clear()
        self._end = "702 END"
        self._send("200 OK SPEAKING")
        self._speaker = threading.Thread(
            target=self._say, args=(list(parts_of(text)),), name="speech dispatcher"
        )
        self._speaker.start()

    def _say(self, parts: list[tuple[str, str]]) -> None:
        """Say parts of a text, each followed by a mark; on a thread of its own."""
        self._send("701 BEGIN")
        for text, mark in parts:
            if self._stopped.is_set():
                break
            if text:
                try:
                    self._say_part(text)
                except StudioError as error:  # punctuation alone, as screen readers send it
                    log.warning("a text can't be spoken: %s", error)
            if mark and not self._stopped.is_set():
                self._send(f"700-{mark}", "700 INDEX MARK")
        self._send(self._end)

    def _say_part(self, text: str) -> None:
        model = self._model.get()
        stretcher = Stretcher(model.rate, self._speed)
        with model.stream(text, self._voice or None) as stream:
            self._stream = stream
            if self._stopped.is_set():
                return
            for part in stream:
                self._send_sound(stretcher.feed(part.samples), model.rate)
            if not self._stopped.is_set():
                self._send_sound(stretcher.finish(), model.rate)

    def _send_sound(self, samples: NDArray[np.float32], rate: int) -> None:
        scaled = np.clip(np.rint(samples * (32768.0 * self._gain)), -32768, 32767).astype("<i2")
        for first in range(0, len(scaled), _CHUNK):
            if self._stopped.is_set():
                return
            chunk = scaled[first : first + _CHUNK]
            head = (
                f"705-bits=16\n705-num_channels=1\n705-sample_rate={rate}\n"
                f"705-num_samples={len(chunk)}\n705-big_endian=0\n705-AUDIO\0"
            )
            with self._lock:
                self._write.write(head.encode() + _escaped(chunk.tobytes()) + b"\n705 AUDIO\n")
                self._write.flush()

    def _stop(self, end: str) -> None:
        if self._speaker is not None and self._speaker.is_alive():
            self._end = end
            self._stopped.set()
            if self._stream is not None:
                self._stream.stop()

    def _wait(self) -> None:
        if self._speaker is not None:
            self._speaker.join()
            self._speaker = self._stream = None


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """Return what is said between the marks of an SSML text, and the marks."""
    start = 0
    for match in _MARK.finditer(text):
        yield _plain(text[start : match.start()]), match["name"]
        start = match.end()
    yield _plain(text[start:]), ""


def _plain(text: str) -> str:
    return " ".join(unescape(_TAG.sub(" ", text)).split())


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Return a key or an icon: "control_a"."""
    yield text.replace("_", " ").replace("-", " ").strip(), ""


def _character(text: str) -> Iterator[tuple[str, str]]:
    """Return a character by its name, unless it is a letter or a digit."""
    text = text if text in ("", " ") else _plain(text) or text
    if len(text) == 1 and not text.isalnum():
        text = unicodedata.name(text, "unknown").lower()
    yield text, ""


def _whole(text: str) -> int:
    try:
        return max(-100, min(100, int(text)))
    except ValueError:
        return 0


def _escaped(data: bytes) -> bytes:
    """Write line feeds and escapes as an escape and the byte with its bit 5 turned over (HDLC)."""
    return data.replace(b"}", b"}]").replace(b"\n", b"}*")

"""A window as a screen reader has it: found by accessible names, worked by accessible actions.

`Desktop` is a private X server with a session bus and the accessibility bus; `ScreenReader` speaks
AT-SPI over that bus. Nothing here knows the program's code: what it does, somebody who can't see
the window can do too.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

PACKAGES = "xvfb dbus at-spi2-core"
LAUNCHER = Path("/usr/libexec/at-spi-bus-launcher")

# Of AtspiStateType, numbers of bits.
ACTIVE, CHECKED, ENABLED, SHOWING, FOCUSABLE, FOCUSED = 1, 4, 8, 25, 11, 12
DOWN, RETURN = 0xFF54, 0xFF0D  # X11's symbols of keys
_BY_SYMBOL = 3
DEAD = ("UnknownObject", "UnknownMethod", "UnknownInterface", "ServiceUnknown", "NoReply")


def missing() -> str:
    """Return why this can't run here, in words; empty if it can."""
    if sys.platform != "linux":
        return "AT-SPI is Linux's way to accessibility"
    if importlib.util.find_spec("jeepney") is None:
        return "jeepney is not installed: pip install jeepney"
    for program in ("Xvfb", "dbus-daemon"):
        if shutil.which(program) is None:
            return f"{program} is not installed: sudo apt install {PACKAGES}"
    if not LAUNCHER.exists():
        return f"{LAUNCHER} is not installed: sudo apt install {PACKAGES}"
    return ""


class Desktop:
    """A screen, a session bus and the accessibility bus, all private.

    Args:
        folder: an empty private folder with a short path (it holds sockets).
    """

    def __init__(self, folder: Path, size: str = "1600x1000") -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._log = (folder / "desktop.log").open("ab")
        read, write = os.pipe()
        self._start(
            *("Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp"),
            pass_fds=(write,),
        )
        os.close(write)
        with os.fdopen(read) as answer:
            display = answer.readline().strip()
        if not display:
            self.close()
            raise RuntimeError("Xvfb did not start: " + (folder / "desktop.log").read_text())
        address = f"unix:path={folder}/bus"
        self.environment = {
            "DISPLAY": f":{display}",
            "DBUS_SESSION_BUS_ADDRESS": address,
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
            "QT_QPA_PLATFORM": "xcb",
            "XDG_RUNTIME_DIR": str(folder),
        }
        self._start("dbus-daemon", "--session", "--nofork", f"--address={address}")
        until((folder / "bus").exists)
        self._start(str(LAUNCHER), "--launch-immediately")

    def close(self) -> None:
        """End all of it."""
        for process in reversed(self._processes):
            process.terminate()
            process.wait(10)
        self._log.close()

    def _start(self, *command: str, **options: Any) -> None:
        environment = {**os.environ, **getattr(self, "environment", {})}
        self._processes.append(
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                env=environment,
                **options,
            )
        )


class Gone(Exception):
    """The object that was asked is no longer there."""


class ScreenReader:
    """A client of the accessibility bus.

    Args:
        session: address of the session bus.
    """

    def __init__(self, session: str) -> None:
        from jeepney.io.blocking import open_dbus_connection

        with contextlib.closing(_connected(session)) as bus:
            (address,) = until(
                lambda: _called(bus, "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress")
            )
        self._bus = open_dbus_connection(address)

    def close(self) -> None:
        """Leave the bus."""
        self._bus.close()

    def application(self, name: str) -> Node:
        """Return the program of this name, once it is there."""
        root = Node(self, "org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")
        return until(lambda: next((each for each in root.children() if each.name == name), None))

    def call(
        self, node: Node, interface: str, method: str, signature: str = "", *values: Any
    ) -> tuple[Any, ...]:
        """Return the answer of an object.

        Raises:
            Gone: the object, or the program, is not there any more.
        """
        return _called(
            self._bus, node.bus, node.path, f"org.a11y.atspi.{interface}", method, signature, values
        )

    def type_key(self, key_symbol: int) -> None:
        """Press a key of the keyboard, by its X11 symbol, and let it go."""
        _called(
            self._bus,
            "org.a11y.atspi.Registry",
            "/org/a11y/atspi/registry/deviceeventcontroller",
            "org.a11y.atspi.DeviceEventController",
            "GenerateKeyboardEvent",
            "isu",
            (key_symbol, "", _BY_SYMBOL),
        )

    def value(self, node: Node, interface: str, name: str) -> Any:
        """Return a property of an object."""
        (answer,) = _called(
            self._bus,
            node.bus,
            node.path,
            "org.freedesktop.DBus.Properties",
            "Get",
            "ss",
            (f"org.a11y.atspi.{interface}", name),
        )
        return answer[1]


@dataclass(frozen=True)
class Node:
    """Something in the window."""

    reader: ScreenReader
    bus: str
    path: str

    @property
    def name(self) -> str:
        """Its accessible name."""
        return str(self.reader.value(self, "Accessible", "Name"))

    @property
    def description(self) -> str:
        return str(self.reader.value(self, "Accessible", "Description"))

    @property
    def role(self) -> str:
        return str(self.reader.call(self, "Accessible", "GetRoleName")[0])

    @property
    def text(self) -> str:
        """What it says or has been given."""
        return str(self.reader.call(self, "Text", "GetText", "ii", 0, -1)[0])

    @property
    def showing(self) -> bool:
        return self._is(SHOWING)

    @property
    def enabled(self) -> bool:
        return self._is(ENABLED)

    @property
    def active(self) -> bool:
        """Whether it is the window that gets what is typed."""
        return self._is(ACTIVE)

    @property
    def focused(self) -> bool:
        return self._is(FOCUSED)

    @property
    def checked(self) -> bool:
        return self._is(CHECKED)

    def children(self) -> list[Node]:
        (found,) = self.reader.call(self, "Accessible", "GetChildren")
        return [Node(self.reader, bus, path) for bus, path in found]

    def all(self) -> Iterator[Node]:
        """Return everything inside it that there is, shown or not, itself included."""
        yield self
        with contextlib.suppress(Gone):
            for child in self.children():
                yield from child.all()

    def shown(self) -> Iterator[Node]:
        """Return everything inside it that shows, itself included."""
        with contextlib.suppress(Gone):
            if self.showing:
                yield self
                for child in self.children():
                    yield from child.shown()

    def look_for(self, name: str, role: str = "") -> Node | None:
        """Return the first thing of this name that shows inside; a name that ends with *
        may go on.
        """
        for node in self.shown():
            with contextlib.suppress(Gone):
                if _fits(node.name, name) and (not role or node.role == role):
                    return node
        return None

    def find(self, name: str, role: str = "", seconds: float = 30.0) -> Node:
        """Wait for what `look_for` returns.

        Raises:
            AssertionError: it doesn't come; tells what is there.
        """
        try:
            return until(lambda: self.look_for(name, role), seconds)
        except AssertionError:
            there = sorted({f"{n.role} “{n.name}”" for n in self.shown() if n.name})
            raise AssertionError(f"no {role} “{name}” among {there}") from None

    def press(self) -> None:
        """Do its first action, once it is enabled: press, check, choose."""
        until(lambda: self.enabled)
        (done,) = self.reader.call(self, "Action", "DoAction", "i", 0)
        assert done, f"“{self.name}” can't be pressed"

    def write(self, text: str) -> None:
        """Put a text into it instead of what is there."""
        (done,) = self.reader.call(self, "EditableText", "SetTextContents", "s", text)
        assert done, f"“{self.name}” takes no text"

    def choose(self, wanted: str) -> None:
        """Open it and go down to one of its items; a name that ends with * may go on.

        Raises:
            AssertionError: it has no such item further down.
        """
        self.press()
        names = [node.name for node in self.all() if node.role == "list item"]
        here = names.index(self.name)
        below = next((n for n, name in enumerate(names[here:]) if _fits(name, wanted)), None)
        assert below is not None, f"no “{wanted}” behind “{self.name}” among {names}"
        for key in (*[DOWN] * below, RETURN):
            self.reader.type_key(key)
        until(lambda: _fits(self.name, wanted))

    def set_value(self, value: float) -> None:
        """Move a slider, or put a number into a field."""
        _called(
            self.reader._bus,
            self.bus,
            self.path,
            "org.freedesktop.DBus.Properties",
            "Set",
            "ssv",
            ("org.a11y.atspi.Value", "CurrentValue", ("d", value)),
        )

    def focus(self) -> None:
        """Give it the keyboard focus."""
        self.reader.call(self, "Component", "GrabFocus")

    def _is(self, state: int) -> bool:
        (words,) = self.reader.call(self, "Accessible", "GetState")
        return bool(words[state // 32] >> state % 32 & 1)


def _fits(name: str, wanted: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


def until(what: Callable[[], T | None], seconds: float = 30.0) -> T:
    """Return what `what` gives, once it gives something.

    A look that takes long is followed by a long pause: the program looked at has its own work.

    Raises:
        AssertionError: it doesn't in time.
    """
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while True:
        begun = time.monotonic()
        with contextlib.suppress(Gone):
            found = what()
            if found:
                return found
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(max(0.05, 2 * (time.monotonic() - begun)))


def _connected(address: str) -> Any:
    from jeepney.io.blocking import open_dbus_connection

    return open_dbus_connection(address)


def _called(
    bus: Any,
    owner: str,
    path: str,
    interface: str,
    method: str,
    signature: str = "",
    values: tuple[Any, ...] = (),
) -> tuple[Any, ...]:
    from jeepney import DBusAddress, DBusErrorResponse, new_method_call

    address = DBusAddress(path, owner, interface)
    message = new_method_call(address, method, signature or None, values)
    try:
        answer = bus.send_and_get_reply(message, timeout=20)
        if answer.header.message_type.name == "error":
            raise DBusErrorResponse(answer)
    except DBusErrorResponse as error:
        if error.name.rsplit(".", 1)[-1] in DEAD:
            raise Gone(f"{method} of {path}: {error}") from None
        raise
    return tuple(answer.body)

"""The window: a header, three columns of named regions, a status line.

Panels know nothing of the window; the workspace puts each into its region:

    window.region(Place.VOICES).set_content(panel)
    window.region(Place.VOICES).add_tool(button)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QByteArray, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QMenuBar,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ditar_studio.ui.kit import icons, theme
from ditar_studio.ui.kit.action_spec import MENUS
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.places import TITLES, Place
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.basics import (
    action_button,
    column,
    label,
    literal,
    quiet,
    row,
    set_property,
    surface,
)
from ditar_studio.ui.kit.widgets.segmented import Segmented
from ditar_studio.ui.kit.widgets.status_line import StatusLine
from ditar_studio.ui.shell.application import NAME
from ditar_studio.ui.shell.focus_order import go_to, stops, stops_by_part

LEFT_NEEDS = 980
RIGHT_NEEDS = 700
"""Window widths, at the usual text size, below which a side is folded away."""
TALL_NEEDS = 620
"""Window height, in device-independent pixels, below which only what is needed is shown."""
_SHORT_PLAYER = 132
_LINE, _MENUS = 48, 16
"""Heights of the lines at the top, and of the menus' words in one, at the usual text size."""
SEARCH_NEEDS = 1120
"""Likewise, below which the search for actions is a button without words."""


class Region(QFrame):
    """A named part of the window: a title line with tools, and one panel."""

    def __init__(self, place: Place, kind: str, titled: bool = True) -> None:
        super().__init__()
        self.place = place
        self.setObjectName(f"region.{place.value}")
        self.setAccessibleName(tr(TITLES[place]))
        self.setProperty("surface", kind)
        self._content: QWidget | None = None
        self._main: Callable[[], QWidget | None] = lambda: None
        self._tools = QHBoxLayout()
        self._tools.setSpacing(Space.XS)
        self.title = label(tr(TITLES[place]), "heading")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._line = QWidget()
        bar = row(self.title, None, self._tools)
        bar.setContentsMargins(Space.L, 0, Space.M, 0)
        self._line.setLayout(bar)
        if not titled:
            self._line.hide()
        layout.addWidget(self._line)
        self._body = QVBoxLayout()
        self._body.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._body, 1)

    @property
    def content(self) -> QWidget | None:
        """The panel that is in it."""
        return self._content

    def set_content(
        self, panel: QWidget, main: Callable[[], QWidget | None] = lambda: None
    ) -> None:
        """Put `panel` into the region, instead of what was there.

        Args:
            main: returns the control that gets the focus in the region; None for its first.
        """
        if self._content is not None:
            self._body.removeWidget(self._content)
            self._content.deleteLater()
        self._content, self._main = panel, main
        self._body.addWidget(panel)

    def add_tool(self, tool: QWidget) -> None:
        """Add a small widget at the right end of the title line."""
        self._tools.addWidget(tool)

    def focus(self) -> None:
        """Move the keyboard focus to what is worked at in the panel, else its first control."""
        if self._content is None:
            return
        control = self._main() or next(iter(stops(self._content)), None)
        if control is not None:
            control.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def fit_text(self) -> None:
        """Make the title line as high as its text needs."""
        self._line.setFixedHeight(theme.current().sized(_LINE))


class MainWindow(QMainWindow):
    """The studio's only window.

    Args:
        actions: the registry from which the menus are made.

    Signals:
        closing: the window is about to close.
        short_changed: whether the window is so low that panels should show only what is needed.
        sides_changed: left and right side were opened or closed by the user.
    """

    closing = Signal()
    short_changed = Signal(bool)
    sides_changed = Signal(bool, bool)

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.actions_ = actions
        self._wanted = {"left": True, "right": True}
        self._short = False
        self._may_close: Callable[[], bool] = lambda: True
        self._regions = {
            Place.VOICES: Region(Place.VOICES, "window", titled=False),
            Place.REFERENCE: Region(Place.REFERENCE, "window", titled=False),
            Place.SCRIPT: Region(Place.SCRIPT, "pane"),
            Place.PLAYER: Region(Place.PLAYER, "pane", titled=False),
            Place.PARAMETERS: Region(Place.PARAMETERS, "window"),
            Place.TAKES: Region(Place.TAKES, "window"),
        }
        self.setWindowTitle(NAME)
        self.setMinimumSize(640, 400)
        self.resize(1280, 800)
        self.setMenuWidget(self._make_header())
        self._make_body()
        theme.manager.changed.connect(self._fit_text)
        self._fit_text()
        for action in (actions.action(spec_id) for spec_id in actions.specs):
            self.addAction(action)
        self._handle_own_actions()

    def region(self, place: Place) -> Region:
        """Return the region at `place`."""
        return self._regions[place]

    def show_place(self, place: Place) -> None:
        """Bring a region into view and move the keyboard focus into it."""
        if place in (Place.VOICES, Place.REFERENCE):
            self.set_side("left", True)
            self.tabs.choose(place.value)
        elif place in (Place.PARAMETERS, Place.TAKES):
            self.set_side("right", True)
        self._regions[place].focus()

    def set_side(self, side: str, shown: bool) -> None:
        """Open or close the "left" or "right" side."""
        self._wanted[side] = shown
        self._fold(force=side if shown else "")
        self.sides_changed.emit(self._wanted["left"], self._wanted["right"])

    def set_project(self, name: str) -> None:
        """Show the open project's name in the header and the title."""
        self.project.setText(literal(name))
        self.setWindowTitle(f"{name} – {NAME}" if name else NAME)

    def geometry_text(self) -> str:
        """Return size and place of the window, to be given to `restore_geometry` later."""
        return bytes(self.saveGeometry().toBase64().data()).decode("ascii")

    def restore_geometry(self, text: str) -> None:
        """Put the window where it was, if `text` comes from `geometry_text`."""
        if text:
            self.restoreGeometry(QByteArray.fromBase64(text.encode("ascii")))

    def fit(self, room: QSize) -> None:
        """Make the window no larger than `room`, so that none of it is off the screen."""
        self.resize(self.size().boundedTo(room))

    def ask_before_closing(self, may_close: Callable[[], bool]) -> None:
        """Close by the user's wish only if `may_close` says so."""
        self._may_close = may_close

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._may_close():
            event.ignore()
            return
        self.closing.emit()
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()
        self._label_search()
        short = self.height() < TALL_NEEDS
        if short != self._short:
            self._short = short
            self.short_changed.emit(short)
            if short:
                self._halves.setSizes([self.height(), _SHORT_PLAYER])

    def focusNextPrevChild(self, forwards: bool) -> bool:
        """Move the focus through header, left side, messages, script, player and right side in
        turn.
        """
        regions = self._regions
        parts: list[QWidget] = [self.header, self.tabs]
        parts += [regions[Place.VOICES], regions[Place.REFERENCE]]
        parts += [self.message_area, *(regions[place] for place in list(Place)[2:])]
        found = stops_by_part(self, parts)
        if not found:
            return super().focusNextPrevChild(forwards)
        here = self.focusWidget()
        step = 1 if forwards else -1
        place = found.index(here) + step if here in found else min(0, step)
        go_to(found[place % len(found)], forwards)
        return True

    def _make_header(self) -> QWidget:
        mark_ = QLabel()
        mark_.setPixmap(icons.app_icon().pixmap(QSize(22, 22)))
        self.menus = QMenuBar()
        self.menus.setAccessibleName(tr("Menu"))
        self.menus.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        for key, title in MENUS.items():
            self._fill_menu(self.menus.addMenu(tr(title)), key)
        more = self.menus.findChild(QToolButton, "qt_menubar_ext_button")
        if more is not None:
            more.setIcon(icons.icon("more", "text"))
            more.setIconSize(QSize(12, 12))
            more.setAccessibleName(tr("More menus"))
        self.project = QToolButton()
        self.project.setProperty("kind", "project")
        self.project.setAccessibleName(tr("Project"))
        self.project.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.project.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.project.setText(tr("Untitled"))
        self.project.setIcon(icons.icon("chevron-down", "faint"))
        self.project.setIconSize(QSize(14, 14))
        self.project.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.project.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.project_menu = QMenu(self.project)
        self.project_menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.project.setMenu(self.project_menu)
        self.palette_button = QToolButton()
        self.palette_button.setProperty("kind", "palette")
        self.palette_button.setIcon(icons.icon("search", "faint"))
        self.palette_button.setIconSize(QSize(14, 14))
        keys = self.actions_.action("view.palette").shortcut()
        native = keys.toString(QKeySequence.SequenceFormat.NativeText)
        self._search_words = f" {tr('Search actions')}   {native}"
        self.palette_button.setText(self._search_words)
        self.palette_button.setToolTip(f"{tr('Search all actions')} ({native})")
        self.palette_button.setAccessibleName(tr("Search all actions"))
        self.palette_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.palette_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.palette_button.clicked.connect(self.actions_.action("view.palette").trigger)
        a = self.actions_.action
        bar = row(
            mark_,
            Space.XS,
            self.menus,
            Space.S,
            self.project,
            None,
            self.palette_button,
            Space.S,
            action_button(a("edit.undo")),
            action_button(a("edit.redo")),
            Space.XS,
            *(quiet(action_button(a(side))) for side in ("view.left", "view.right")),
            action_button(a("file.settings")),
            spacing=2,
        )
        self.header = header = surface("header")
        bar.setContentsMargins(Space.M, 0, Space.M, 0)
        header.setLayout(bar)
        header.setAccessibleName(tr("Header"))
        return header

    def _label_search(self) -> None:
        """Leave the words out where the menus need their room."""
        room = self.width() >= theme.current().sized(SEARCH_NEEDS)
        words = self._search_words if room else ""
        if self.palette_button.text() != words:
            self.palette_button.setText(words)
            set_property(self.palette_button, "kind", "palette" if words else "")

    def _fill_menu(self, menu: QMenu, key: str) -> None:
        for spec in self.actions_.in_menu(key):
            if spec.section and menu.actions():
                menu.addSeparator()
            menu.addAction(self.actions_.action(spec.id))

    def _make_body(self) -> None:
        """Put parts into the window before what is in them, which Qt else styles several times."""
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        self.status = StatusLine()
        body = QWidget()
        parts = column(self.columns, self.status, spacing=0)
        parts.setStretch(0, 1)
        body.setLayout(parts)
        self.setCentralWidget(body)
        self.left, self.centre = surface("window"), surface("pane")
        self.right = QSplitter(Qt.Orientation.Vertical)
        for part in (self.left, self.centre, self.right):
            self.columns.addWidget(part)
        for index, stretch in enumerate((0, 1, 0)):
            self.columns.setStretchFactor(index, stretch)
        self.columns.setChildrenCollapsible(False)
        self._fill_left()
        self._fill_centre()
        self.right.addWidget(self._regions[Place.PARAMETERS])
        self.right.addWidget(self._regions[Place.TAKES])
        self.right.setStretchFactor(0, 1)
        self.right.setStretchFactor(1, 1)
        self.right.setChildrenCollapsible(False)
        self.columns.setSizes([304, 656, 320])

    def _fill_left(self) -> None:
        self.tabs = Segmented(
            tr("Left side"),
            {
                Place.VOICES.value: tr(TITLES[Place.VOICES]),
                Place.REFERENCE.value: tr(TITLES[Place.REFERENCE]),
            },
            {
                Place.VOICES.value: tr(TITLES[Place.VOICES]),
                Place.REFERENCE.value: tr("New"),
            },
        )
        self.tabs.chosen.connect(self._choose_left)
        top = row(self.tabs)
        top.setContentsMargins(Space.M, Space.M, Space.M, Space.XS)
        self._left_stack = QStackedWidget()
        self.left.setLayout(column(top, self._left_stack, spacing=0))
        self._left_stack.addWidget(self._regions[Place.VOICES])
        self._left_stack.addWidget(self._regions[Place.REFERENCE])

    def _fill_centre(self) -> None:
        self.message_area = QWidget()
        self.messages = QVBoxLayout(self.message_area)
        self.messages.setContentsMargins(0, 0, 0, 0)
        self.messages.setSpacing(Space.S)
        self._halves = centre = QSplitter(Qt.Orientation.Vertical)
        self.centre.setLayout(column(self.message_area, centre, spacing=0))
        centre.addWidget(self._regions[Place.SCRIPT])
        centre.addWidget(self._regions[Place.PLAYER])
        centre.setStretchFactor(0, 3)
        centre.setStretchFactor(1, 2)
        centre.setChildrenCollapsible(False)

    def _fit_text(self) -> None:
        """Give the sides and the lines at the top more room for larger text."""
        style = theme.current()
        self._label_search()
        self.left.setMinimumWidth(style.widened(264))
        self.centre.setMinimumWidth(style.widened(320))
        self.right.setMinimumWidth(style.widened(284))
        self.menus.setFixedHeight(style.sized(_MENUS) + 14)
        self.header.setFixedHeight(style.sized(_LINE))
        for region in self._regions.values():
            region.fit_text()
        self._fold()

    def _choose_left(self, place: str) -> None:
        self._left_stack.setCurrentWidget(self._regions[Place(place)])

    def _fold(self, force: str = "") -> None:
        """Show the sides that are wanted and fit; `force` names one that was just asked for."""
        room = self.width() / theme.current().widened(1000) * 1000
        if force and room < LEFT_NEEDS:
            shown = {side: side == force for side in ("left", "right")}
        else:
            shown = {
                "left": self._wanted["left"] and room >= LEFT_NEEDS,
                "right": self._wanted["right"] and room >= RIGHT_NEEDS,
            }
        self.left.setVisible(shown["left"])
        self.right.setVisible(shown["right"])
        for side, is_shown in shown.items():
            self.actions_.action(f"view.{side}").setChecked(is_shown)

    def _handle_own_actions(self) -> None:
        handle = self.actions_.handle
        for place in Place:
            handle(f"view.{place.value}", partial(self.show_place, place))
        self.actions_.handle_switch("view.left", lambda on: self.set_side("left", on))
        self.actions_.handle_switch("view.right", lambda on: self.set_side("right", on))
        handle("view.next_region", self._next_region)
        handle("file.quit", self.close)

    def _next_region(self) -> None:
        places = [p for p in Place if self._regions[p].isVisible()]
        focus = self.focusWidget()
        here = next(
            (
                i
                for i, p in enumerate(places)
                if focus is not None and self._regions[p].isAncestorOf(focus)
            ),
            -1,
        )
        if places:
            self._regions[places[(here + 1) % len(places)]].focus()

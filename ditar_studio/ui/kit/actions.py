"""Every action of the studio, once: menus, shortcut list and command palette are made from here.

An action is enabled when somebody handles it and the facts it needs hold. Panels say which facts
hold (:meth:`Actions.set_facts`) and what happens (:meth:`Actions.handle`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence

from ditar_studio.ui.kit import icons
from ditar_studio.ui.kit.action_spec import MENUS, ActionSpec, Fact
from ditar_studio.ui.kit.translate import tr


class Actions(QObject):
    """The QActions made from the specs, enabled by facts and handlers.

    Signals:
        facts_changed: after any fact changed.
    """

    facts_changed = Signal()

    def __init__(self, specs: Iterable[ActionSpec], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.specs: dict[str, ActionSpec] = {}
        self._actions: dict[str, QAction] = {}
        self._handled: set[str] = set()
        self._facts: frozenset[Fact] = frozenset()
        for spec in specs:
            self._make(spec)

    def action(self, action_id: str) -> QAction:
        """Return the QAction with this id.

        Raises:
            KeyError: there is none.
        """
        return self._actions[action_id]

    def handle(self, action_id: str, handler: Callable[[], object]) -> None:
        """Run `handler` when the action is triggered; only handled actions are enabled."""
        self.action(action_id).triggered.connect(lambda _checked=False: handler())
        self._take(action_id)

    def handle_switch(self, action_id: str, handler: Callable[[bool], object]) -> None:
        """Run `handler` with the new state when a checkable action is switched by the user."""
        self.action(action_id).triggered.connect(lambda checked=False: handler(checked))
        self._take(action_id)

    def set_facts(self, **facts: bool) -> None:
        """Set which facts hold from now on, by lower-case name: ``set_facts(recording=True)``."""
        now = set(self._facts)
        for name, holds in facts.items():
            (now.add if holds else now.discard)(Fact[name.upper()])
        if frozenset(now) != self._facts:
            self._facts = frozenset(now)
            self._refresh(self._handled)
            self.facts_changed.emit()

    def holds(self, fact: Fact) -> bool:
        """Return whether `fact` is true now."""
        return fact in self._facts

    def in_menu(self, menu: str) -> list[ActionSpec]:
        """Return the actions of one menu, in order."""
        return [spec for spec in self.specs.values() if spec.menu == menu]

    def search(self, query: str) -> list[ActionSpec]:
        """Return actions whose title or words contain every word of `query`, best first."""
        words = query.casefold().split()
        found: list[tuple[int, int, ActionSpec]] = []
        for place, spec in enumerate(self.specs.values()):
            title = tr(spec.title).casefold()
            menu = tr(MENUS[spec.menu]).replace("&", "").casefold()
            text = f"{title} {tr(spec.words).casefold() if spec.words else ''} {menu}"
            if all(word in text for word in words):
                in_title = sum(word in title for word in words)
                starts = sum(part.startswith(word) for word in words for part in title.split())
                found.append((-(in_title + starts), place, spec))
        return [spec for _score, _place, spec in sorted(found, key=lambda item: item[:2])]

    def _make(self, spec: ActionSpec) -> None:
        action = QAction(tr(spec.title), self)
        action.setObjectName(spec.id)
        action.setShortcut(QKeySequence.fromString(spec.shortcut))
        action.setCheckable(spec.checkable)
        action.setEnabled(False)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{tr(spec.title)} ({keys})")
        action.setMenuRole(
            {
                "file.quit": QAction.MenuRole.QuitRole,
                "file.settings": QAction.MenuRole.PreferencesRole,
                "help.about": QAction.MenuRole.AboutRole,
            }.get(spec.id, QAction.MenuRole.NoRole)
        )
        if spec.icon:
            action.setIcon(icons.icon(spec.icon))
        self.specs[spec.id] = spec
        self._actions[spec.id] = action

    def _take(self, action_id: str) -> None:
        self._handled.add(action_id)
        self._refresh((action_id,))

    def _refresh(self, action_ids: Iterable[str]) -> None:
        for action_id in action_ids:
            spec = self.specs[action_id]
            enabled = spec.needs <= self._facts and not spec.without & self._facts
            self._actions[action_id].setEnabled(enabled)

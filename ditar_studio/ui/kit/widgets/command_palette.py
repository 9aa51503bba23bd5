"""The list of all actions, found by typing (Ctrl+K)."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QFont,
    QIcon,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsDropShadowEffect,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.action_spec import MENUS
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import counted, tr
from ditar_studio.ui.kit.widgets.basics import announce, label, row, rule, surface

_ID = Qt.ItemDataRole.UserRole
_KEYS = Qt.ItemDataRole.UserRole + 1
_MENU = Qt.ItemDataRole.UserRole + 2


class _Row(QStyledItemDelegate):
    """Icon, title, menu in a quieter tone, and the shortcut at the right."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(100, 38)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        now = theme.current()
        c = now.colours
        rect: QRect = option.rect.adjusted(4, 1, -4, -1)
        state: QStyle.StateFlag = option.state
        enabled = bool(state & QStyle.StateFlag.State_Enabled)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(c.color("accent_soft"))
            painter.drawRoundedRect(rect, 7, 7)
        icon = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(icon, QIcon):
            mode = QIcon.Mode.Normal if enabled else QIcon.Mode.Disabled
            middle = rect.top() + (rect.height() - 18) // 2
            icon.paint(
                painter, QRect(rect.left() + 10, middle, 18, 18), Qt.AlignmentFlag.AlignCenter, mode
            )
        left = rect.adjusted(40, 0, -10, 0)
        painter.setFont(now.font("body", QFont.Weight.Medium))
        painter.setPen(c.color("text" if enabled else "faint"))
        title = str(index.data(Qt.ItemDataRole.DisplayRole))
        painter.drawText(left, Qt.AlignmentFlag.AlignVCenter, title)
        used = painter.fontMetrics().horizontalAdvance(title)
        painter.setFont(now.font("small"))
        painter.setPen(c.color("muted" if enabled else "faint"))
        painter.drawText(
            left.adjusted(used + 10, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, str(index.data(_MENU))
        )
        painter.drawText(
            left,
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
            str(index.data(_KEYS)),
        )
        painter.restore()


class CommandPalette(QWidget):
    """Lies over `window`; Return runs the chosen action, Esc and a click beside it close.

    It is no window of its own: those can't be placed, rounded or given a shadow everywhere.
    """

    def __init__(self, actions: Actions, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(tr("Search all actions"))
        self._window = window
        self._before = window.focusWidget()
        self._actions = actions
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("What would you like to do?"))
        self.field.setAccessibleName(tr("Search all actions"))
        self.field.setFrame(False)
        self.field.setProperty("bare", "true")
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Actions"))
        self.list.setItemDelegate(_Row(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._count = label("", "caption")
        foot = row(self._count, None, label(tr("Return runs it · Esc closes"), "caption"))
        foot.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        inside = QVBoxLayout()
        inside.setSpacing(0)
        inside.addWidget(self.field)
        inside.addWidget(rule())
        inside.addWidget(self.list)
        inside.addWidget(rule())
        inside.addLayout(foot)
        self._panel: QFrame = surface("overlay", inside)
        self._panel.setParent(self)
        shadow = QGraphicsDropShadowEffect(self._panel)
        shadow.setBlurRadius(40)
        shadow.setOffset(0, 10)
        shadow.setColor(QColor(0, 0, 0, 90))
        self._panel.setGraphicsEffect(shadow)
        window.installEventFilter(self)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(self._run)
        self._search("")

    def open(self) -> None:
        """Show it, ready for typing."""
        self._fit()
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._before is not None and isValid(self._before):
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)
        super().closeEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme.current().colours.color("shadow", 0.3))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._panel.geometry().contains(event.position().toPoint()):
            self.close()

    def focusNextPrevChild(self, _forwards: bool) -> bool:
        return True  # there is nothing but the field

    def _fit(self) -> None:
        around = self._window.size()
        width, height = min(640, around.width() - 24), min(480, around.height() - 32)
        top = min(56, (around.height() - height) // 2)
        self.setGeometry(QRect(QPoint(0, 0), around))
        self._panel.setGeometry((around.width() - width) // 2, top, width, height)

    @property
    def found(self) -> list[str]:
        """Ids of the actions now listed."""
        return [self.list.item(i).data(_ID) for i in range(self.list.count())]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self.field:
            if event.type() == QEvent.Type.Resize:
                self._fit()
        elif event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # no action runs by its keys meanwhile
            return True
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {
                Qt.Key.Key_Down: 1,
                Qt.Key.Key_Up: -1,
                Qt.Key.Key_PageDown: 8,
                Qt.Key.Key_PageUp: -8,
            }.get(Qt.Key(event.key()))
            if step is not None and self.list.count():
                last = self.list.count() - 1
                self.list.setCurrentRow(min(last, max(0, self.list.currentRow() + step)))
                announce(self.field, self.list.currentItem().text())
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.close()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                item = self.list.currentItem()
                if item is not None:
                    self._run(item)
                return True
        return super().eventFilter(watched, event)

    def _search(self, query: str) -> None:
        self.list.clear()
        found = [spec for spec in self._actions.search(query) if spec.id != "view.palette"]
        able = [spec for spec in found if self._actions.action(spec.id).isEnabled()]
        unable = [spec for spec in found if spec not in able]
        for spec in able + unable:
            action = self._actions.action(spec.id)
            item = QListWidgetItem(action.icon(), tr(spec.title))
            item.setData(_ID, spec.id)
            item.setData(_KEYS, action.shortcut().toString(QKeySequence.SequenceFormat.NativeText))
            item.setData(_MENU, tr(MENUS[spec.menu]).replace("&", ""))
            if not action.isEnabled():
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        if able:
            self.list.setCurrentRow(0)
        self._count.setText(
            counted("{count} action", "{count} actions", len(found))
            if found
            else tr("No action has that name.")
        )

    def _run(self, item: QListWidgetItem) -> None:
        action = self._actions.action(item.data(_ID))
        if action.isEnabled():
            self.close()
            action.trigger()

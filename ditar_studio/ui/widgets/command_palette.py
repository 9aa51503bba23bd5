"""The list of all actions, found by typing (Ctrl+K)."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QDialog,
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

from ditar_studio.ui import theme
from ditar_studio.ui.actions import MENUS, Actions
from ditar_studio.ui.theme import Space
from ditar_studio.ui.translate import counted, tr
from ditar_studio.ui.widgets.basics import announce, label, row, rule, surface

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


class CommandPalette(QDialog):
    """Opens over `window`; Return runs the chosen action, Esc closes."""

    def __init__(self, actions: Actions, window: QWidget) -> None:
        super().__init__(window, Qt.WindowType.FramelessWindowHint | Qt.WindowType.Dialog)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setWindowTitle(tr("Search all actions"))
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
        panel: QFrame = surface("overlay", inside)
        shadow = QGraphicsDropShadowEffect(panel)
        shadow.setBlurRadius(40)
        shadow.setOffset(0, 10)
        shadow.setColor(QColor(0, 0, 0, 90))
        panel.setGraphicsEffect(shadow)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(24, 16, 24, 40)
        outside.addWidget(panel)
        self.resize(min(640, window.width() - 20), min(480, window.height() - 60))
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - self.width()) // 2, corner.y() + 48)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(self._run)
        self._search("")

    @property
    def found(self) -> list[str]:
        """Ids of the actions now listed."""
        return [self.list.item(i).data(_ID) for i in range(self.list.count())]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
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
            else tr("Nothing is called that.")
        )

    def _run(self, item: QListWidgetItem) -> None:
        action = self._actions.action(item.data(_ID))
        if action.isEnabled():
            self.accept()
            action.trigger()

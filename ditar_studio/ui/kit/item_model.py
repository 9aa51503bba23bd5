"""A list of things with ids as a Qt model, for the lists of voices and of takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex

Index = QModelIndex | QPersistentModelIndex


class HasId(Protocol):
    """Something that keeps its identity when it changes."""

    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=HasId)


class ItemModel(QAbstractListModel, Generic[Item]):
    """Rows of items; what a row shows is for the subclass to say in `data`."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        super().__init__()
        self.items: list[Item] = list(items)

    def set_items(self, items: Iterable[Item]) -> None:
        """Show these items now, with as little disturbance as possible."""
        new = list(items)
        if [item.id for item in new] == [item.id for item in self.items]:
            self.items = new
            if new:
                self.dataChanged.emit(self.index(0), self.index(len(new) - 1))
        else:
            self.beginResetModel()
            self.items = new
            self.endResetModel()

    def place(self, item_id: str) -> QModelIndex:
        """Return the index of an item; an invalid one if it isn't shown."""
        for number, item in enumerate(self.items):
            if item.id == item_id:
                return self.index(number)
        return QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.items)

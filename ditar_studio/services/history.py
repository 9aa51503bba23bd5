"""Changes of the library, its versions and its bin."""

from ditar_studio.store.bin import DeletedItem
from ditar_studio.store.changes import ChangeSet, Outcome
from ditar_studio.store.versions import Version

__all__ = ["ChangeSet", "DeletedItem", "Outcome", "Version"]

"""Changes of the library, its versions and its trash."""

from ditar_studio.store.changes import ChangeSet, Outcome
from ditar_studio.store.trash import Trashed
from ditar_studio.store.versions import Version

__all__ = ["ChangeSet", "Outcome", "Trashed", "Version"]

"""The user's library on disk: where it is, how it is opened, and what was left in it."""

from ditar_studio.store.files import default_root
from ditar_studio.store.library import DATABASE, Library
from ditar_studio.store.opening import Damage
from ditar_studio.store.recordings import Recording
from ditar_studio.store.recovery import Recoverable

__all__ = ["DATABASE", "Damage", "Library", "Recording", "Recoverable", "default_root"]

"""Files and folders of the user, written whole or not at all, by one program at a time."""

from ditar_studio.store.files import move_to_free_place, replacing, sha256, sound_to_disk
from ditar_studio.store.lock import exclusive
from ditar_studio.store.privacy import make_folder

__all__ = ["exclusive", "make_folder", "move_to_free_place", "replacing", "sha256", "sound_to_disk"]

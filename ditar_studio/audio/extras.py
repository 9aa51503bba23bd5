"""Optional abilities: whether they are installed, and how to get them where they are not."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from ditar_studio.errors import StudioError
from ditar_studio.installation import how_to_add


@dataclass(frozen=True)
class Extra:
    """One optional ability.

    Attributes:
        title: what it is, in the words of the window.
        extra: the name of the optional dependencies in this package.
        modules: what must be importable.
    """

    title: str
    extra: str
    modules: tuple[str, ...]

    @property
    def installed(self) -> bool:
        """Whether it can be used. Looks without importing anything."""
        return all(find_spec(module) is not None for module in self.modules)

    @property
    def how_to_get(self) -> str:
        """What to do to get it. Nothing is ever downloaded unasked."""
        return how_to_add(self.extra)

    def require(self) -> None:
        """Do nothing if it is installed.

        Raises:
            StudioError: it is not; says how to get it.
        """
        if not self.installed:
            raise StudioError(f"{self.title} is not installed.", self.how_to_get)

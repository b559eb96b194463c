"""Which language a caller speaks, and who else has to know."""

from typing import TYPE_CHECKING

from antiphon.core import lazy

if TYPE_CHECKING:
    from antiphon.processors.language.follower import LanguageFollower

__all__ = ["LanguageFollower"]

__getattr__, __dir__ = lazy.exports(__name__, {"follower": "LanguageFollower"})

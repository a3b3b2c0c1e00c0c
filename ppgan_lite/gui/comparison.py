"""The ways to compare two pictures; without Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Comparison:
    """Two pictures side by side, or one over the other with a handle between the shown parts.

    Attributes:
        is_split: Whether there is one place, which a handle splits.
        position: Of the handle, 0 (left) to 1.
        is_swapped: Whether the second picture is on the left.
    """

    is_split: bool = False
    position: float = 0.5
    is_swapped: bool = False

    def toggled(self) -> Comparison:
        """Return the other of the two ways."""
        return replace(self, is_split=not self.is_split)

    def swapped(self) -> Comparison:
        """Return it with the pictures' sides exchanged."""
        return replace(self, is_swapped=not self.is_swapped)

    def at(self, position: float) -> Comparison:
        """Return it with the handle at another position; one beyond the ends is at the end."""
        return replace(self, position=min(max(position, 0.0), 1.0) if position == position else 0.5)

"""A menu whose entries change with what there is: filled anew whenever it is opened."""

from __future__ import annotations

from PyQt5.QtWidgets import QMenu

from ppgan_lite.gui.user_actions import UserActions


class RefilledMenu:
    """Fills a menu whenever it is opened; a subclass says with what.

    Args:
        menu: Is filled.
        user_actions: What its entries do.

    Attributes:
        language: Of the texts.
    """

    def __init__(self, menu: QMenu, user_actions: UserActions) -> None:
        self.language = "en"
        self._menu = menu
        self._user_actions = user_actions
        menu.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """Show the entries that there are now."""
        raise NotImplementedError

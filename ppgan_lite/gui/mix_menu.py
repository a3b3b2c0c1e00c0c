"""The menu of styles that mix with the chosen one: what a click with Ctrl does in the gallery, for the keyboard."""

from __future__ import annotations

from ppgan_lite.gui.refilled_menu import RefilledMenu
from ppgan_lite.gui.texts import in_language


class MixMenu(RefilledMenu):
    """Styles that can be mixed in, with a tick at the one that is."""

    def fill(self) -> None:
        """Show the styles that there are now."""
        self._menu.clear()
        for choice, is_mixed in self._user_actions.mixable():
            action = self._menu.addAction(in_language(choice.title, self.language).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(is_mixed)
            action.triggered.connect(lambda _checked=False, choice=choice: self._user_actions.mix(choice))

"""The menu of presets: use one, keep the present style and settings as one, remove one."""

from __future__ import annotations

from ppgan_lite.gui.refilled_menu import RefilledMenu
from ppgan_lite.gui.texts import text


class PresetsMenu(RefilledMenu):
    """One entry to use each preset, one to keep the present settings, one to remove each."""

    def fill(self) -> None:
        """Show the presets that there are now."""
        menu, presets = self._menu, self._user_actions.presets()
        menu.clear()
        for preset in presets:
            action = menu.addAction(preset.name.replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, preset=preset: self._user_actions.use_preset(preset))
        menu.addSeparator()
        keep = menu.addAction(text("preset_keep", self.language))
        keep.triggered.connect(lambda _checked=False: self._user_actions.keep_preset())
        remove = menu.addMenu(text("preset_remove", self.language))
        remove.setEnabled(bool(presets))
        for preset in presets:
            action = remove.addAction(preset.name.replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, name=preset.name: self._user_actions.remove_preset(name))

"""The actions of menus, buttons and keys: ask in a dialog where something is to be asked, then call the session."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PyQt5.QtCore import QUrl
from PyQt5.QtGui import QDesktopServices, QKeySequence
from PyQt5.QtWidgets import QApplication, QDialog, QInputDialog, QLineEdit, QWidget

from ppgan_lite.errors import PpganError
from ppgan_lite.gui import dialogs, log
from ppgan_lite.gui.batch_panel import BatchPanel
from ppgan_lite.gui.choices import Choice
from ppgan_lite.gui.command_line import command_line
from ppgan_lite.gui.dropped import read_mime
from ppgan_lite.gui.history import Entry
from ppgan_lite.gui.learn_dialog import LearnDialog
from ppgan_lite.gui.mask import Mask
from ppgan_lite.gui.mask_files import keep_mask, read_mask, write_mask
from ppgan_lite.gui.mask_row import MaskRow
from ppgan_lite.gui.panes import Panes
from ppgan_lite.gui.pixels import CopiedPicture
from ppgan_lite.gui.preferences import Preferences
from ppgan_lite.gui.presets import Preset, with_preset
from ppgan_lite.gui.reuse import Reuse
from ppgan_lite.gui.session import Session
from ppgan_lite.gui.texts import in_language, text


class UserActions:
    """The user's actions in a window.

    Args:
        window: Parent of the dialogs.
        session: Does what needs no question.
        panes: Are zoomed.
        mask_row: Is opened and closed.
        batch_panel: The window of the queue.
        search: The field in which a style is looked for.
        preferences: Remember folders.

    Attributes:
        language: Of the dialogs.
        keys: Returns the key of each command's text, and its keys.
        reuse: Takes style and settings from earlier results.
        help: The dialog of the menu Help that was opened last.
    """

    keys: Callable[[], list[tuple[str, list[QKeySequence]]]]
    help: QDialog

    def __init__(
        self,
        window: QWidget,
        session: Session,
        panes: Panes,
        mask_row: MaskRow,
        batch_panel: BatchPanel,
        search: QLineEdit,
        preferences: Preferences,
    ) -> None:
        self.language = "en"
        self._window = window
        self._session = session
        self._panes = panes
        self._mask_row = mask_row
        self._batch_panel = batch_panel
        self._search = search
        self._preferences = preferences
        self.reuse = Reuse(session)

    def pick_photo(self) -> None:
        """Ask for a photo and open it."""
        path = dialogs.pick_photo(self._window, self._preferences, self.language)
        if path is not None:
            self._session.open_photo(path)

    def pick_painting(self) -> None:
        """Ask for a painting and open it."""
        path = self._pick_picture("open_painting_title", "paintings")
        if path is not None:
            self._session.open_painting(path)

    def pick_missing_painting(self) -> None:
        """Ask for a painting if the choice needs one and none is open."""
        state = self._session.state
        if state.choice.needs_painting and state.painting is None:
            self.pick_painting()

    def pick_learning(self) -> None:
        """Ask what to learn: the chosen painting, or another one, and for how long."""
        session = self._session
        if session.learning.learner.running:
            session.told.emit("learn_busy", {})
            return
        state = session.state
        chosen = state.painting.path if state.painting and state.choice.needs_painting else None
        path = chosen or self._pick_picture("open_painting_title", "paintings")
        if path is not None:
            self.learn_dialog = LearnDialog(self._window, path, self.language)
            self.learn_dialog.chosen.connect(session.learning.start)
            self.learn_dialog.open()

    def pick_checkpoint(self) -> None:
        """Ask for a checkpoint file and load it."""
        path = dialogs.pick_checkpoint(self._window, self._preferences, self.language)
        if path is not None:
            self._session.load_checkpoint(path)

    def pick_save(self) -> None:
        """Ask where to save the result that is shown now, whatever is shown when the user has answered."""
        result = self._session.state.result
        if result is None:
            return
        target = dialogs.pick_target(self._window, self._preferences, result.file_name(), self.language)
        if target is not None:
            path, may_replace = target
            self._session.saving.save(result, path, overwrite=may_replace)

    def pick_save_entry(self, entry: Entry) -> None:
        """Ask where to save a result of the history."""
        target = dialogs.pick_target(self._window, self._preferences, entry.outline.file_name(), self.language)
        if target is not None:
            path, may_replace = target
            self._session.saving.save_entry(entry, path, overwrite=may_replace)

    def save_unsaved(self) -> bool:
        """Ask for a folder and save all results there that are not saved; False if the user cancels."""
        folder = dialogs.pick_folder(self._window, self._preferences, "save_all_title", "results", self.language)
        if folder is None:
            return False
        self._session.saving.save_unsaved(folder)
        return True

    def paint_clip(self) -> None:
        """Open the queue with the clip that is open."""
        if self._session.frame is not None:
            self.open_batch([self._session.frame.clip.path])

    def open_batch(self, sources: Sequence[Path] = ()) -> None:
        """Open the queue, with files and folders to paint if any are given."""
        self._batch_panel.collect(sources)
        self._batch_panel.show()
        self._batch_panel.raise_()
        self._batch_panel.activateWindow()

    def mixable(self) -> list[tuple[Choice, bool]]:
        """Return the styles that mix with the chosen one, and whether they do; none where it is no style."""
        state = self._session.state
        first = (state.choice.parts or (state.choice,))[0]
        styles = [choice for choice in state.choices if choice.kind == first.kind == "style" and choice != first]
        return [(choice, choice in state.choice.parts) for choice in styles]

    def mix(self, choice: Choice) -> None:
        """Mix a style with the chosen one, or no longer."""
        self._session.cards.mix(choice.source)

    def presets(self) -> list[Preset]:
        """Return the presets whose styles are there."""
        find = self._session.state.find
        return [preset for preset in self._preferences.presets if find(preset.source) is not None]

    def use_preset(self, preset: Preset) -> None:
        """Choose the style of a preset, with its settings."""
        self._session.cards.choose(preset.source)
        self._session.set_settings(preset.settings)
        if preset.mask is not None and self._session.state.photo is not None:
            self._session.set_mask(preset.mask)

    def keep_preset(self) -> None:
        """Ask for a name, and keep the present style and settings under it, in the place of a preset of that name."""
        title = text("preset_title", self.language)
        name, given = QInputDialog.getText(self._window, title, text("preset_name", self.language))
        name, state = name.strip(), self._session.state
        if given and name:
            preset = Preset(name, state.choice.source, state.settings, state.mask)
            self._preferences.presets = with_preset(self._preferences.presets, preset)
            self._session.told.emit("preset_kept", {"name": name})

    def remove_preset(self, name: str) -> None:
        """Remove a preset."""
        self._preferences.presets = [preset for preset in self._preferences.presets if preset.name != name]

    def copy_command(self) -> None:
        """Copy the command line that makes the result to the clipboard."""
        result = self._session.state.result
        if result is None:
            return
        request = result.request
        with contextlib.suppress(PpganError, OSError):  # without a file of its mask, no command does the same
            request = replace(request, mask=keep_mask(request.mask) if request.mask else None)
        command = command_line(request, windows=sys.platform == "win32")
        if command is not None:
            QApplication.clipboard().setText(command)
        self._session.told.emit("command_copied" if command else "command_impossible", {"command": command})

    def pick_again(self) -> None:
        """Ask for a picture that was made here, and use its settings."""
        path = self._pick_picture("again_title", "results")
        if path is not None:
            self.reuse.file(path)

    def undo(self) -> None:
        """Show the result before this one."""
        self._session.history.step(-1)

    def redo(self) -> None:
        """Show the result after this one."""
        self._session.history.step(1)

    def show_saved(self) -> None:
        """Show the folder of the file that holds the result."""
        saved = self._session.saving.file_of_shown()
        if saved is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(saved.absolute().parent)))

    def copy_result(self) -> None:
        """Copy the result to the clipboard."""
        result = self._session.state.result
        if result is not None:
            QApplication.clipboard().setMimeData(CopiedPicture(result.image, result.metadata.alpha))
            self._session.told.emit("copied", {})

    def paste(self) -> None:
        """Open a picture, or a file, from the clipboard as the photo."""
        mime = QApplication.clipboard().mimeData()
        dropped = None if mime is None else read_mime(mime)
        if dropped is None:
            self._session.told.emit("nothing_to_paste", {})
        else:
            self._session.open_dropped(dropped, as_painting=False)

    def remove(self, choice: Choice) -> None:
        """Take a card out of the gallery, after a question where its file is deleted."""
        if choice.kind != "style" or dialogs.asks_to_delete(
            self._window, in_language(choice.title, self.language), self.language
        ):
            self._session.cards.remove(choice)

    def rename(self, choice: Choice) -> None:
        """Ask for another name of a card."""
        title, label = text("rename_title", self.language), text("rename_name", self.language)
        before = in_language(choice.title, self.language)
        name, given = QInputDialog.getText(self._window, title, label, text=before)
        if given and name.strip() != before:
            self._session.cards.rename(choice, name.strip())

    def show_folder_of(self, choice: Choice) -> None:
        """Show the folder of a card's file."""
        if choice.file is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(choice.file.absolute().parent)))

    def find_style(self) -> None:
        """Go to the field in which a style is looked for."""
        self._search.setFocus()
        self._search.selectAll()

    def recent_photos(self) -> list[Path]:
        """Return the photos that were opened last and are still there."""
        return [path for path in self._preferences.recent_photos if path.is_file()]

    def open_recent(self, path: Path) -> None:
        """Open one of the recent photos."""
        self._session.open_photo(path)

    def show_keys(self) -> None:
        """Show all commands with their keys."""
        from ppgan_lite.gui.help_dialogs import KeysDialog  # slow to import, and rarely needed

        self._show_help(KeysDialog(self._window, self.keys(), self.language))

    def show_folders(self) -> None:
        """Show where styles, results of training and graphs are kept."""
        from ppgan_lite.gui.help_dialogs import FoldersDialog

        self._show_help(FoldersDialog(self._window, self._preferences.place.parent, self.language))

    def show_about(self) -> None:
        """Show version and licenses."""
        from ppgan_lite.gui.help_dialogs import AboutDialog

        self._show_help(AboutDialog(self._window, self.language))

    def copy_log(self) -> None:
        """Copy what a report of a fault needs: versions, device, and the last messages."""
        device = self._session.device or "?"
        QApplication.clipboard().setText(log.report(device))
        self._session.told.emit("log_copied", {})

    def run(self) -> None:
        """Make the picture, or ask for the painting that it needs."""
        if not self._session.run() and self._session.state.missing == "painting":
            self.pick_painting()

    def toggle_previews(self) -> None:
        """Have a small picture follow the sliders, and the gallery show the photo, or not."""
        self._session.set_live(not self._session.live)
        self._preferences.live_preview = self._session.live

    def cancel(self) -> None:
        """Stop the picture that is being made."""
        self._session.cancel()

    def edit_mask(self) -> None:
        """Paint where the style goes, or end that."""
        photo = self._session.state.photo
        if self._mask_row.is_open:
            self._mask_row.close_editor()
        elif photo is not None:
            self._panes.show_original(False)
            self._mask_row.open(photo.size, self._session.state.mask)

    def pick_mask(self) -> None:
        """Ask for a picture, and go on with it as the mask."""
        path = self._pick_picture("mask_open_title", "masks")
        if path is not None:
            outside = self._mask_row.slider("mask_outside").value() / 100
            self._session.jobs.in_background(lambda: read_mask(path, outside=outside), self._take_mask)

    def save_mask(self, mask: Mask) -> None:
        """Ask where to save the mask."""
        photo = self._session.state.photo
        name = f"{photo.path.stem if photo and photo.path else 'photo'}_mask.png"
        target = dialogs.pick_target(
            self._window, self._preferences, name, self.language, title="mask_save_title", folder="masks"
        )
        if target is None:
            return
        path, may_replace = target
        self._session.jobs.in_background(
            lambda: write_mask(mask, path, overwrite=may_replace),
            lambda saved: self._mask_saved(mask, saved),
        )

    def _take_mask(self, mask: Mask | Exception) -> None:
        if isinstance(mask, Exception):
            self._session.failed.emit("mask_failed", mask)
        else:
            self._mask_row.take(mask)

    def _mask_saved(self, mask: Mask, saved: Mask | Exception) -> None:
        if isinstance(saved, Exception):
            self._session.failed.emit("mask_failed", saved)
        else:
            self._mask_row.name_file(mask, saved)
            self._session.told.emit("saved", {"path": saved.path})

    def close_window(self) -> None:
        """Close the window."""
        self._window.close()

    def fit(self) -> None:
        """Show the whole photo."""
        self._panes.fit()

    def actual_size(self) -> None:
        """Show a pixel of the photo on a pixel of the screen."""
        self._panes.actual_size()

    def zoom_in(self) -> None:
        """Show the middle larger."""
        self._panes.zoom_in()

    def zoom_out(self) -> None:
        """Show the middle smaller."""
        self._panes.zoom_out()

    def toggle_split(self) -> None:
        """Change between two pictures side by side and one that a handle splits."""
        self._panes.toggle_split()

    def swap_sides(self) -> None:
        """Exchange left and right."""
        self._panes.swap()

    def toggle_original(self) -> None:
        """Show the photo in the place of the result, or the result again."""
        self._panes.show_original(not self._panes.shows_original)

    def _show_help(self, dialog: QDialog) -> None:
        self.help = dialog
        dialog.open()

    def _pick_picture(self, title: str, folder: str) -> Path | None:
        return dialogs.pick_picture(self._window, self._preferences, title, folder, self.language)

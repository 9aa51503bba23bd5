"""Actions of the window and of projects: the menus File, Edit, View and Help."""

from __future__ import annotations

from ditar_studio.ui.kit.action_spec import ActionSpec, Fact, facts
from ditar_studio.ui.kit.translate import mark

_S = ActionSpec

WINDOW: tuple[ActionSpec, ...] = (
    _S("file.new", mark("New project"), "Ctrl+N", "file"),
    _S("file.open", mark("Open project…"), "Ctrl+O", "folder", words=mark("recent switch")),
    _S("file.rename", mark("Rename project…"), "Ctrl+Shift+F2", "pencil"),
    _S("file.duplicate", mark("Duplicate project"), "Ctrl+Shift+N", "copy"),
    _S("file.delete", mark("Delete project"), "Ctrl+Shift+Del", "trash"),
    _S(
        "file.save",
        mark("Save a version"),
        "Ctrl+S",
        "check",
        words=mark("keep checkpoint"),
        section=True,
    ),
    _S(
        "file.name_version",
        mark("Save a version with a name…"),
        "Shift+F12",
        "bookmark",
        words=mark("keep checkpoint"),
    ),
    _S(
        "file.versions",
        mark("Earlier versions…"),
        "Ctrl+Alt+H",
        "clock",
        words=mark("history restore back"),
    ),
    _S(
        "file.bin",
        mark("Bin…"),
        "Ctrl+Alt+Z",
        "trash",
        words=mark("deleted trash restore recycle"),
    ),
    _S(
        "file.recipe",
        mark("Open recipe from file…"),
        "Ctrl+Shift+I",
        "file-audio",
        words=mark("restore settings metadata"),
        section=True,
    ),
    _S(
        "file.export",
        mark("Export…"),
        "Ctrl+E",
        "export",
        facts(Fact.SCRIPT_SPOKEN),
        words=mark("save wav mp3 flac opus subtitles srt render"),
    ),
    _S(
        "file.settings",
        mark("Settings…"),
        "Ctrl+,",
        "settings",
        words=mark("preferences options language theme devices"),
        section=True,
    ),
    _S("file.quit", mark("Quit"), "Ctrl+Q", "x", section=True),
    _S("edit.undo", mark("Undo"), "Ctrl+Z", "undo", facts(Fact.CAN_UNDO)),
    _S("edit.redo", mark("Redo"), "Ctrl+Shift+Z", "redo", facts(Fact.CAN_REDO)),
    _S("edit.find", mark("Find a voice"), "Ctrl+Shift+F", "search", section=True),
    _S(
        "view.palette",
        mark("Search all actions…"),
        "Ctrl+K",
        "search",
        words=mark("command palette"),
    ),
    _S(
        "view.left",
        mark("Show voices and reference"),
        "Ctrl+B",
        "sidebar-left",
        checkable=True,
        section=True,
    ),
    _S(
        "view.right",
        mark("Show parameters and takes"),
        "Ctrl+Shift+B",
        "sidebar-right",
        checkable=True,
    ),
    _S("view.voices", mark("Go to voices"), "Alt+1", "voice", section=True),
    _S("view.reference", mark("Go to reference"), "Alt+2", "mic"),
    _S("view.script", mark("Go to script"), "Alt+3", "script"),
    _S("view.player", mark("Go to player"), "Alt+4", "wave"),
    _S("view.parameters", mark("Go to parameters"), "Alt+5", "sliders"),
    _S("view.takes", mark("Go to takes"), "Alt+6", "layers"),
    _S("view.next_region", mark("Next part of the window"), "F6", "chevron-right"),
    _S("view.zoom_in", mark("Zoom in on the waveform"), "Ctrl++", "zoom-in", section=True),
    _S("view.zoom_out", mark("Zoom out of the waveform"), "Ctrl+-", "zoom-out"),
    _S("view.zoom_fit", mark("Show the whole waveform"), "Ctrl+0", "zoom-fit"),
    _S(
        "view.spectrogram",
        mark("Show the spectrogram"),
        "Ctrl+Shift+G",
        "spectrogram",
        checkable=True,
    ),
    _S(
        "view.dark",
        mark("Dark theme"),
        "Ctrl+Shift+K",
        "moon",
        checkable=True,
        section=True,
        words=mark("light appearance night"),
    ),
)
"""In the order of their menus."""

HELP: tuple[ActionSpec, ...] = (
    _S("help.guide", mark("Guide"), "F1", "book", words=mark("help manual documentation")),
    _S(
        "help.what",
        mark("What is this?"),
        "Shift+F1",
        "info",
        words=mark("explain control point"),
    ),
    _S("help.tour", mark("Tour of the window"), "F12", "chevron-right", words=mark("introduction")),
    _S("help.shortcuts", mark("Keyboard shortcuts"), "Ctrl+F1", "keyboard", section=True),
    _S("help.welcome", mark("Show the welcome pages"), "Ctrl+F12", "sparkle"),
    _S(
        "help.diagnostics",
        mark("Save a diagnostics bundle…"),
        "Ctrl+Shift+F12",
        "shield",
        words=mark("log bug report"),
        section=True,
    ),
    _S(
        "help.about",
        mark("About DiTAR Studio"),
        "Ctrl+Shift+F1",
        "info",
        words=mark("licences version"),
    ),
)
"""Of the last menu."""

"""Actions of voices, in the order of their menu."""

from __future__ import annotations

from ditar_studio.ui.kit.action_spec import ActionSpec, Fact, facts
from ditar_studio.ui.kit.translate import mark

_S = ActionSpec
_TALKING = facts(Fact.GENERATING)

VOICES: tuple[ActionSpec, ...] = (
    _S(
        "voice.record",
        mark("Record a reference"),
        "Ctrl+R",
        "record",
        without=_TALKING,
        words=mark("microphone stop recording"),
    ),
    _S(
        "voice.monitor",
        mark("Listen to the microphone level"),
        "Ctrl+M",
        "pulse",
        without=facts(Fact.RECORDING),
        words=mark("meter monitor"),
    ),
    _S("voice.open_audio", mark("Open an audio file as reference…"), "Ctrl+Alt+W", "file-audio"),
    _S(
        "voice.rescan",
        mark("Look for audio devices again"),
        "Ctrl+Shift+M",
        "refresh",
        words=mark("rescan microphone headphones"),
    ),
    _S(
        "voice.play_reference",
        mark("Play the reference"),
        "Ctrl+Shift+P",
        "play",
        facts(Fact.CLIP_LOADED),
        section=True,
    ),
    _S(
        "voice.trim",
        mark("Trim the reference to the selection"),
        "Ctrl+T",
        "scissors",
        facts(Fact.CLIP_LOADED, Fact.CLIP_SELECTION),
    ),
    _S(
        "voice.normalise",
        mark("Bring the reference to the usual loudness"),
        "Ctrl+Shift+T",
        "volume",
        facts(Fact.CLIP_LOADED),
        words=mark("normalise loudness"),
    ),
    _S(
        "voice.try",
        mark("Hear a test sentence"),
        "Ctrl+Shift+Q",
        "sparkle",
        facts(Fact.CLIP_USABLE, Fact.MODEL_READY),
        without=_TALKING,
        words=mark("try preview clone"),
    ),
    _S("voice.save", mark("Save as a voice…"), "Ctrl+Shift+S", "check", facts(Fact.CLIP_USABLE)),
    _S(
        "voice.add_sample",
        mark("Add to the selected voice"),
        "Ctrl+Alt+P",
        "plus",
        facts(Fact.CLIP_USABLE, Fact.VOICE_SELECTED),
        words=mark("further sample reference"),
    ),
    _S(
        "voice.rename",
        mark("Rename voice…"),
        "Ctrl+Alt+R",
        "pencil",
        facts(Fact.VOICE_SELECTED),
        section=True,
    ),
    _S(
        "voice.samples",
        mark("Samples of the voice…"),
        "Ctrl+Alt+J",
        "layers",
        facts(Fact.VOICE_SELECTED),
        words=mark("transcript words reference"),
    ),
    _S("voice.tags", mark("Edit tags…"), "Ctrl+G", "tag", facts(Fact.VOICE_SELECTED)),
    _S(
        "voice.duplicate",
        mark("Duplicate voice"),
        "Ctrl+Alt+V",
        "copy",
        facts(Fact.VOICE_SELECTED),
    ),
    _S(
        "voice.delete",
        mark("Delete voice"),
        "Ctrl+Alt+Y",
        "trash",
        facts(Fact.VOICE_SELECTED),
    ),
    _S(
        "voice.fine_tune",
        mark("Fine-tune the voice…"),
        "Ctrl+Alt+G",
        "sparkle",
        facts(Fact.CAN_FINE_TUNE),
        words=mark("train adapt closer similar"),
        section=True,
    ),
    _S(
        "voice.compare",
        mark("Compare before and after fine-tuning"),
        "Ctrl+Alt+C",
        "a-b",
        facts(Fact.SPEAKS_FINE_TUNED),
        words=mark("listen instant"),
    ),
    _S(
        "voice.instant",
        mark("Back to the instant voice"),
        "Ctrl+Alt+U",
        "undo",
        facts(Fact.FINE_TUNED),
        words=mark("remove fine-tuning"),
    ),
    _S(
        "voice.mix",
        mark("Mix voices…"),
        "Ctrl+F8",
        "sliders",
        facts(Fact.MODEL_READY),
        words=mark("blend between new made"),
    ),
    _S("voice.import", mark("Import a voice bundle…"), "Ctrl+Alt+I", "import", section=True),
    _S(
        "voice.bundle",
        mark("Export the voice as a bundle…"),
        "Ctrl+Alt+X",
        "export",
        facts(Fact.VOICE_SELECTED),
    ),
)
"""Of the menu Voice."""

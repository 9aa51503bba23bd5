"""From a text to phonemes, patches and a wave, one step at a time.

    python docs/examples/patches.py "Hello there." reference.wav hello.wav

Each patch is one round of the model: the language model reads what was said so far, LocDiT draws
four latents (0.1 s) from noise, and the VAE's decoder renders them. `ditar_studio.engine.generate`
does the same for whole texts, and guards the end of each sentence besides.
"""

import sys
from pathlib import Path

import numpy as np
import soundfile
import torch

from ditar_studio.audio.clips.files import read_clip
from ditar_studio.engine.load import load_model
from ditar_studio.text.phonemes import phonemize


def main(text: str, reference: str, out: str) -> None:
    """Speak a text in the voice of a recording.

    Args:
        text: one sentence.
        reference: a recording of the voice, 1 to 30 s.
        out: the WAV file to write.
    """
    model = load_model()
    voice = model.prepare_voice(read_clip(Path(reference)), transcript="")
    print("phonemes:", " ".join(phonemize(text)))

    settings = model.info.default_settings
    with torch.inference_mode():
        utterance = model.begin(text, voice, settings, torch.Generator().manual_seed(0))
        pieces = []
        for number in range(utterance.max_patches):
            patch = utterance.step()
            pieces.append(patch.samples)
            level = np.sqrt(np.mean(np.square(patch.samples)))
            print(f"patch {number:3}: level {level:.3f}, ends {patch.stop_probability:.2f}")
            if patch.stop_probability >= settings.stop_threshold:
                break
        pieces.append(utterance.finish())  # what the decoder's look-ahead still holds
    wave = np.concatenate(pieces)
    soundfile.write(out, wave, model.info.sample_rate)
    print(f"{len(wave) / model.info.sample_rate:.2f} s in {out}")


if __name__ == "__main__":
    main(*sys.argv[1:4])

"""A spectrogram as a picture in the theme's colours, made away from the GUI thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QImage

from ditar_studio.ui.kit.colours import Colours

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BANDS = 128
COLUMNS_PER_SECOND = 100
WIDEST = 4000


def spectrogram_image(samples: NDArray[np.float32], sample_rate: int, colours: Colours) -> QImage:
    """Return the spectrogram of mono `samples`, time to the right, frequency (mel) upwards.

    Args:
        samples: float32 [n] in -1..1.
        sample_rate: of the samples, in Hz.
        colours: the palette that it is to go with; silence is transparent.

    Returns:
        An image of at most WIDEST columns and BANDS rows. Any thread may call this.
    """
    import numpy as np

    from ditar_studio.audio.analysis.spectrogram import mel_picture

    columns = max(1, min(WIDEST, round(len(samples) / sample_rate * COLUMNS_PER_SECOND)))
    shade = mel_picture(samples, sample_rate, columns, BANDS, range_db=72.0)
    table = _table(colours)
    data = np.ascontiguousarray(table[np.rint(shade[::-1] * 255).astype(np.uint8)])
    image = QImage(
        data.data, data.shape[1], data.shape[0], 4 * data.shape[1], QImage.Format.Format_ARGB32
    )
    return image.copy()


def _table(colours: Colours) -> NDArray[np.uint32]:
    """Return 256 shades from nothing over the accent colour to the text colour, as ARGB."""
    import numpy as np

    soft, strong = QColor(colours.accent), QColor(colours.text)
    table = np.empty(256, np.uint32)
    for step in range(256):
        share = step / 255
        mix = max(0.0, (share - 0.55) / 0.45)
        colour = QColor.fromRgbF(
            soft.redF() * (1 - mix) + strong.redF() * mix,
            soft.greenF() * (1 - mix) + strong.greenF() * mix,
            soft.blueF() * (1 - mix) + strong.blueF() * mix,
            min(1.0, share**1.4 * 1.1),
        )
        table[step] = colour.rgba()
    return table

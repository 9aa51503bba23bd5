"""Configuration of DiTAR: frozen dataclasses and the presets.

The four presets of the paper (arXiv 2502.03930, section 3.5 and table 8) differ in the
transformers only. The
built-in model is a small DiTAR for two CPU cores; it adds a monotonic text pointer (see
`pointer`) and an embedding of the speaker (see `speaker`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

from ditar_studio.errors import StudioError

T = TypeVar("T")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise StudioError(f"This model configuration is not valid: {message}.")


@dataclass(frozen=True)
class TransformerConfig:
    """Shape of one Pre-Norm transformer (RMSNorm, RoPE, two-matrix feed-forward)."""

    layers: int
    dim: int
    heads: int
    ffn: int

    def __post_init__(self) -> None:
        _require(min(self.layers, self.dim, self.heads, self.ffn) >= 1, "sizes must be positive")
        _require(
            self.dim % self.heads == 0, f"dim {self.dim} is not divisible by {self.heads} heads"
        )
        _require(self.dim // self.heads % 2 == 0, "RoPE needs an even head size")

    @property
    def weights(self) -> int:
        """Numbers in all the matrices."""
        return self.layers * self.dim * (4 * self.dim + 2 * self.ffn)


@dataclass(frozen=True)
class VaeConfig:
    """Audio VAE: 24 kHz mono to a Gaussian posterior over `latent_dim` values, `sample_rate /
    hop` a second.

    `encoder_dim` is the width at the mel rate (two mel frames a latent), `trunk_dim` at the
    latent rate,
    `decoder_dim` of the decoder; `lookahead` is the decoder's fixed look-ahead in latents;
    `bands` is the
    resolution of its spectral envelopes.
    """

    sample_rate: int = 24_000
    hop: int = 600
    latent_dim: int = 64
    mel_bins: int = 100
    encoder_dim: int = 192
    trunk_dim: int = 320
    decoder_dim: int = 320
    encoder_layers: int = 2
    trunk_layers: int = 3
    decoder_layers: int = 3
    vocoder_layers: int = 4
    lookahead: int = 2
    bands: int = 96
    symbols: int = 0  # of the phonetic head that training adds; 0: no head
    speaker: bool = False  # whether the decoder is told the voice by an embedding

    def __post_init__(self) -> None:
        _require(8000 <= self.sample_rate <= 192_000, "no sample rate of sound")
        _require(self.hop % 4 == 0 and self.hop >= 300, "the hop must be a multiple of 4 from 300")
        _require(min(self.latent_dim, self.mel_bins, self.bands) >= 1, "sizes must be positive")
        _require(max(self.mel_bins, self.bands) <= 1024, "a spectrum has 1024 bands at most")
        _require(0 <= self.lookahead <= 64, "the look-ahead must be 0 to 64 latents")

    @property
    def weights(self) -> int:
        """Lower bound of the numbers in encoder and decoder; counted without building them."""
        fine = (self.encoder_layers + self.vocoder_layers) * self.encoder_dim**2
        coarse = self.trunk_layers * self.trunk_dim**2 + self.decoder_layers * self.decoder_dim**2
        edges = self.mel_bins * self.encoder_dim + self.latent_dim * self.decoder_dim
        return 6 * (fine + coarse) + edges + 2 * self.bands * self.encoder_dim

    @property
    def latent_rate(self) -> float:
        """Latents a second."""
        return self.sample_rate / self.hop


@dataclass(frozen=True)
class DiTARConfig:
    """A whole DiTAR.

    Args:
        symbols: size of the phoneme table.
        symbol_version: version of the phoneme table that the weights were trained with.
        patch: latents a patch (P).
        history: previous patches that LocDiT sees (K).
        pointer: whether the language model carries a monotonic pointer into the text; none in the
        paper.
        speaker: whether language model and LocDiT are told the voice by an embedding too; not in
        the paper, where the prompt alone carries it.
    """

    encoder: TransformerConfig
    language_model: TransformerConfig
    locdit: TransformerConfig
    vae: VaeConfig = field(default_factory=VaeConfig)
    symbols: int = 256
    symbol_version: int = 1
    patch: int = 4
    history: int = 1
    pointer: bool = False
    speaker: bool = False

    def __post_init__(self) -> None:
        _require(1 <= self.patch <= 16, "a patch holds 1 to 16 latents")
        _require(1 <= self.history <= 64, "LocDiT needs 1 to 64 patches of history")
        _require(self.symbols >= 2, "the phoneme table is empty")

    @property
    def weights(self) -> int:
        """Lower bound of the numbers in the model; counted without building it."""
        transformers = (self.encoder, self.language_model, self.locdit)
        return sum(each.weights for each in transformers) + self.vae.weights

    @property
    def patch_samples(self) -> int:
        """Samples of audio a patch."""
        return self.patch * self.vae.hop

    @property
    def patch_rate(self) -> float:
        """Patches a second."""
        return self.vae.latent_rate / self.patch


def _preset(local: TransformerConfig, language_model: TransformerConfig) -> DiTARConfig:
    return DiTARConfig(encoder=local, locdit=local, language_model=language_model)


PRESETS: dict[str, DiTARConfig] = {
    "0.1b": _preset(TransformerConfig(4, 512, 8, 2048), TransformerConfig(24, 512, 8, 1024)),
    "0.4b": _preset(TransformerConfig(4, 1024, 16, 4096), TransformerConfig(24, 1024, 16, 4096)),
    "0.6b": _preset(TransformerConfig(6, 1024, 16, 4096), TransformerConfig(36, 1024, 16, 4096)),
    "1b": _preset(TransformerConfig(8, 1024, 16, 4096), TransformerConfig(24, 1536, 24, 6144)),
    "builtin": DiTARConfig(
        encoder=TransformerConfig(2, 192, 3, 768),
        language_model=TransformerConfig(8, 320, 5, 1280),
        locdit=TransformerConfig(3, 256, 4, 1024),
        vae=VaeConfig(
            latent_dim=64,
            encoder_dim=256,
            trunk_dim=384,
            decoder_dim=448,
            trunk_layers=4,
            vocoder_layers=5,
        ),
        symbols=81,
        pointer=True,
        speaker=True,
    ),
}


def to_dict(config: DiTARConfig | VaeConfig) -> dict[str, Any]:
    """Return plain JSON-ready values of a configuration."""
    return asdict(config)


def from_dict(kind: type[T], values: Any, where: str = "configuration") -> T:
    """Rebuild a configuration dataclass from `to_dict`'s values, strictly.

    Raises:
        StudioError: a field is missing, unknown or of the wrong type.
    """
    if not isinstance(values, dict):
        raise StudioError(f"The {where} is not a table of settings.")
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    unknown, missing = sorted(values.keys() - known), sorted(known.keys() - values.keys())
    if unknown or missing:
        raise StudioError(f"The {where} has unknown fields {unknown} and lacks {missing}.")
    nested = {
        "encoder": TransformerConfig,
        "language_model": TransformerConfig,
        "locdit": TransformerConfig,
        "vae": VaeConfig,
    }
    built: dict[str, Any] = {}
    for name, value in values.items():
        if name in nested and is_dataclass(kind):
            built[name] = from_dict(nested[name], value, f"{where}'s {name}")
            continue
        wanted = bool if name in ("pointer", "speaker") else int
        if type(value) is not wanted:
            raise StudioError(f"The {where}'s {name} must be a {wanted.__name__}, not {value!r}.")
        if wanted is int and not -1 < value <= 1_000_000:
            raise StudioError(f"The {where}'s {name} is out of range: {value}.")
        built[name] = value
    return kind(**built)

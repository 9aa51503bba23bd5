"""Released tensors by name and shape, and the parameters that are made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ditar_studio.model.voxcpm.config import TransformerConfig, VoxCPMConfig
from ditar_studio.model.voxcpm.tensor_file import Shapes


@dataclass(frozen=True)
class Source:
    """A parameter of ours and the released tensors that it is stacked from."""

    target: str
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]


def sources(config: VoxCPMConfig) -> Iterator[Source]:
    """Return every parameter of the model, but for the VAE's, with what it is made of."""
    lm, dit, encoder = config.base_lm.hidden, config.dit.hidden, config.encoder.hidden
    released_dit = "feat_decoder.estimator"
    yield Source("embedding.weight", ("base_lm.embed_tokens.weight",), ((config.vocabulary, lm),))
    yield from _transformer("base_lm", "base_lm", config.base_lm)
    yield from _transformer("residual_lm", "residual_lm", config.residual_lm)
    yield Source("encoder.token", ("feat_encoder.special_token",), ((1, 1, 1, encoder),))
    yield from _linear("encoder.in_proj", "feat_encoder.in_proj", encoder, config.latent_dim)
    yield from _transformer("encoder.transformer", "feat_encoder.encoder", config.encoder)
    for name in ("in_proj", "cond_proj"):
        yield from _linear(f"dit.{name}", f"{released_dit}.{name}", dit, config.latent_dim)
    yield from _linear("dit.out_proj", f"{released_dit}.out_proj", config.latent_dim, dit)
    for name in ("time_mlp", "delta_time_mlp"):
        for part in ("linear_1", "linear_2"):
            yield from _linear(f"dit.{name}.{part}", f"{released_dit}.{name}.{part}", dit, dit)
    yield from _transformer("dit.transformer", f"{released_dit}.decoder", config.dit)
    yield from _linear("fsq.in_proj", "fsq_layer.in_proj", config.fsq_dim, lm)
    yield from _linear("fsq.out_proj", "fsq_layer.out_proj", lm, config.fsq_dim)
    yield from _linear("encoder_to_lm", "enc_to_lm_proj", lm, encoder)
    yield from _linear("base_to_dit", "lm_to_dit_proj", dit, lm)
    yield from _linear("residual_to_dit", "res_to_dit_proj", dit, lm)
    yield from _linear("stop_proj", "stop_proj", lm, lm)
    yield Source("stop_head.weight", ("stop_head.weight",), ((2, lm),))
    if config.generation == 2:
        yield from _linear("fusion", "fusion_concat_proj", lm, 2 * lm)


def _linear(target: str, released: str, outputs: int, inputs: int) -> Iterator[Source]:
    yield Source(f"{target}.weight", (f"{released}.weight",), ((outputs, inputs),))
    yield Source(f"{target}.bias", (f"{released}.bias",), ((outputs,),))


def _transformer(target: str, released: str, config: TransformerConfig) -> Iterator[Source]:
    wide, narrow = config.heads * config.head_dim, config.kv_heads * config.head_dim
    hidden, ffn = config.hidden, config.ffn
    for layer in range(config.layers):
        ours, theirs = f"{target}.blocks.{layer}", f"{released}.layers.{layer}"
        yield Source(
            f"{ours}.attention.qkv.weight",
            tuple(f"{theirs}.self_attn.{part}_proj.weight" for part in "qkv"),
            ((wide, hidden), (narrow, hidden), (narrow, hidden)),
        )
        yield Source(
            f"{ours}.attention.out.weight",
            (f"{theirs}.self_attn.o_proj.weight",),
            ((hidden, wide),),
        )
        yield Source(
            f"{ours}.feed_forward.gate_up.weight",
            (f"{theirs}.mlp.gate_proj.weight", f"{theirs}.mlp.up_proj.weight"),
            ((ffn, hidden), (ffn, hidden)),
        )
        yield Source(
            f"{ours}.feed_forward.down.weight",
            (f"{theirs}.mlp.down_proj.weight",),
            ((hidden, ffn),),
        )
        yield Source(
            f"{ours}.attention_norm.weight", (f"{theirs}.input_layernorm.weight",), ((hidden,),)
        )
        yield Source(
            f"{ours}.feed_forward_norm.weight",
            (f"{theirs}.post_attention_layernorm.weight",),
            ((hidden,),),
        )
    yield Source(f"{target}.norm.weight", (f"{released}.norm.weight",), ((hidden,),))


def main_shapes(config: VoxCPMConfig) -> Shapes:
    """Return every tensor that the main weights file must hold, by its released name."""
    return {
        name: shape
        for source in sources(config)
        for name, shape in zip(source.names, source.shapes, strict=True)
    }

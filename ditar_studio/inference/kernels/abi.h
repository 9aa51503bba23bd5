// What this library and Python (`structs.py`) hand to each other. Whoever changes a structure here,
// or the arguments of a function that Python calls, raises KERNELS_VERSION and `structs.VERSION`.

#ifndef DITAR_ABI_H
#define DITAR_ABI_H

#include <stdint.h>

enum { KERNELS_VERSION = 1 };

// weight [outputs, columns]; outputs are a multiple of 16, columns of 8.
//
// bf16: panels [outputs / 16][columns][8] words of 32 bits, each the bfloat16 of output i of the
// panel in its lower half and of output i + 8 in its upper half.
// fp16: panels [outputs / 16][columns][16].
// int8: panels [outputs / 8][columns / 4][8][4] of levels in -64..64; a weight is its level times
// scales [outputs / 8][blocks][8]; sums [outputs / 8][blocks][8] are 64 times a block's levels.
typedef struct {
    int32_t kind, outputs, columns;
    const void *panels;
    const float *scales;
    const int32_t *sums;
} Matrix;

typedef struct {
    const float *attention_gain, *ffn_gain;  // [dim]
    Matrix qkv, out, gate, up, down;         // gate: only where the transformer is gated
} Block;

typedef struct {
    int32_t layers, dim, heads, kv_heads, head_dim, ffn, gated;
    float epsilon, branch_scale;
    const float *gain;  // [dim], of the last norm
    const Block *blocks;
} Transformer;

typedef struct {
    // x [batch, length, dim] is overwritten; y [batch, kept, dim] are the outputs at the positions
    // first_kept .. first_kept + kept - 1.
    float *x, *y;
    int32_t batch, length, first_kept, kept;
    // Rotations [length, head_dim]: factors of a vector and of its swapped halves; or null.
    const float *cosines, *sines;
    // Per block [batch * kv_heads, capacity, head_dim], of which `filled` positions are filled and
    // `length` more will be; causal. Without: null, and all positions see each other.
    float *const *keys, *const *values;
    int64_t capacity;
    int32_t filled;
    const Transformer *transformer;
    void *workspace;  // of `transformer_workspace` bytes
} Pass;

typedef struct {
    Matrix inward, outward;  // between latents and the transformer's width, with their biases
    const float *inward_bias, *outward_bias;  // or null
} Projections;

// Sequences of `length` rows [dim] in all: [condition tokens, previous, patch]. `conditions` are
// [steps, batch, condition_tokens, dim], previous [length - condition_tokens - patch, dim] is the
// same for all, and targets [batch, patch, dim] (or null) are added to the noisy patch's tokens.
typedef struct {
    const float *conditions, *previous, *targets;
    int32_t condition_tokens;
} Sequence;

// The patch becomes x_scale * patch + output_scale * velocity + noise_scale * noise.
typedef struct {
    float x_scale, output_scale, noise_scale;
} Step;

// Where a pass has two sequences, the velocity is that of the second and `scale` times what the
// first has more; the second is first fitted to the first where that is asked for (CFG-Zero*).
typedef struct {
    const Step *steps;
    const float *noise;  // [patch, latents]
    int32_t count, fitted;
    float scale;
} Solver;

typedef struct {
    int32_t channels, taps;
    float epsilon;
    const float *weight, *bias;           // of the depthwise convolution, [taps, channels]
    const float *norm_gain, *norm_bias;   // of the layer norm
    const float *up_bias, *down_bias, *scale;
    Matrix up, down;
} ConvNeXt;

// x + mix(snake(depthwise(snake(x)))): both snakes' factors [channels], a depthwise convolution
// [taps, channels] with its bias, and what mixes the channels.
typedef struct {
    int32_t channels, taps, dilation;
    const float *first_alpha, *first_inverse, *second_alpha, *second_inverse;
    const float *weight, *bias, *mix_bias;
    Matrix mix;
} Unit;

// A stage of a decoder; `kind` is one of vocoder.c. The outputs of a product are those of `stride`
// times.
typedef struct {
    int32_t kind, channels, taps, stride;
    const float *first, *second;  // weight and bias, or factors
    Matrix matrix;
    const Unit *unit;
} Stage;

// Continues on x [length, channels of the first stage]; y are the next samples. Of every stage in turn
// that looks back, `past` [numbers] is what it still needs of before, and is replaced.
typedef struct {
    const Stage *stages;
    int32_t count, length;
    const float *x;
    float *const *past;
    float *y, *space;  // of `decoder_space` numbers
} Chunk;

// The version for index 0, then the size of each structure in the order of `structs.py`; -1 behind
// them.
int64_t kernels_abi(int index);

// Digest of the sources, by packaging/compile_kernels.py.
const char *kernels_sources(void);

#endif

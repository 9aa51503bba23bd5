// Frozen Pre-Norm transformers, and passes through them.

#ifndef DITAR_TRANSFORMER_H
#define DITAR_TRANSFORMER_H

#include "matrix.h"

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

int64_t transformer_workspace(const Pass *pass, const Crew *crew);

void transformer_run(const Pass *pass, Crew *crew);

#endif

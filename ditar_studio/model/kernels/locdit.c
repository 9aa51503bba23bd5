// The velocity of a noisy patch: what lies around the transformer of a LocDiT is as little that torch
// would take longer to begin it than to do it.

#include "transformer.h"

#include <string.h>

typedef struct {
    Matrix inward, outward;  // between latents and the transformer's width, with their biases
    const float *inward_bias, *outward_bias;  // or null
} Edges;

// Sequences of `length` rows [dim] in all: [head, previous, patch]. Heads [batch, head, dim] are the
// conditions, previous [length - head - patch, dim] is the same for all, and targets [batch, patch,
// dim] (or null) are added to what becomes of the noisy patch.
typedef struct {
    const float *heads, *previous, *targets;
    int32_t head;
} Frame;

// The velocities y [batch, patch, latents] of noisy [patch, latents] under as many conditions as the
// pass has sequences. The pass keeps the last positions; `space` is for `rows_space` of either edge.
void velocity_run(const Edges *edges, const Frame *frame, const Pass *pass, const float *noisy,
                  float *y, void *space, Crew *crew) {
    const int dim = pass->transformer->dim, patch = pass->kept, head = frame->head;
    const int64_t row = (int64_t)dim * sizeof(float), before = pass->length - patch;
    float *first = pass->x + before * dim;
    product(&edges->inward, noisy, patch, edges->inward_bias, first, space, crew);
    for (int b = pass->batch - 1; b >= 0; b--) {
        float *x = pass->x + (int64_t)b * pass->length * dim, *to = x + before * dim;
        memcpy(x, frame->heads + (int64_t)b * head * dim, head * row);
        memcpy(x + (int64_t)head * dim, frame->previous, (before - head) * row);
        const float *target = frame->targets + (int64_t)b * patch * dim;
        if (frame->targets)
            for (int64_t i = 0; i < (int64_t)patch * dim; i++) to[i] = first[i] + target[i];
        else if (b > 0)
            memcpy(to, first, patch * row);
    }
    transformer_run(pass, crew);
    product(&edges->outward, pass->y, pass->batch * patch, edges->outward_bias, y, space, crew);
}

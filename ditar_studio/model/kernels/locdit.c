// The velocity of a noisy patch: what lies around the transformer of a LocDiT is as little that torch
// would take longer to begin it than to do it.

#include "transformer.h"

#include <string.h>

typedef struct {
    Matrix inward, outward;  // between latents and the transformer's width, with their biases
    const float *inward_bias, *outward_bias;
} Edges;

// The velocities y [batch, patch, latents] of noisy [patch, latents] under as many conditions as the
// pass has sequences. Every sequence is [head, previous, patch]: heads [batch, head, dim] are their
// conditions, previous [head - ..., dim] is the same for all. The pass keeps the last positions;
// `space` is for `rows_space` of either edge.
void velocity_run(const Edges *edges, const Pass *pass, const float *noisy, const float *heads,
                  int head, const float *previous, float *y, void *space, Crew *crew) {
    const int dim = pass->transformer->dim, patch = pass->kept;
    const int64_t bytes = (int64_t)dim * sizeof(float), before = pass->length - patch;
    for (int b = 0; b < pass->batch; b++) {
        float *x = pass->x + (int64_t)b * pass->length * dim;
        memcpy(x, heads + (int64_t)b * head * dim, head * bytes);
        memcpy(x + (int64_t)head * dim, previous, (before - head) * bytes);
        if (b == 0)
            product(&edges->inward, noisy, patch, edges->inward_bias, x + before * dim, space, crew);
        else
            memcpy(x + before * dim, pass->x + before * dim, patch * bytes);
    }
    transformer_run(pass, crew);
    product(&edges->outward, pass->y, pass->batch * patch, edges->outward_bias, y, space, crew);
}

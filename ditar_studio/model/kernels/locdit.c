// A patch from noise: what lies between two passes of a LocDiT's transformer is as little that torch
// would take longer to begin it than to do it.

#include "transformer.h"
#include "vector.h"

#include <string.h>

typedef struct {
    Matrix inward, outward;  // between latents and the transformer's width, with their biases
    const float *inward_bias, *outward_bias;  // or null
} Edges;

// Sequences of `length` rows [dim] in all: [head, previous, patch]. Heads [steps, batch, head, dim]
// are the conditions, previous [length - head - patch, dim] is the same for all, and targets [batch,
// patch, dim] (or null) are added to what becomes of the noisy patch.
typedef struct {
    const float *heads, *previous, *targets;
    int32_t head;
} Frame;

// The patch becomes keep * patch + move * velocity + fresh * noise.
typedef struct {
    float keep, move, fresh;
} Step;

// Where a pass has two sequences, the velocity is that of the second and `scale` times what the
// first has more; the second is first fitted to the first where that is asked for (CFG-Zero*).
typedef struct {
    const Step *steps;
    const float *noise;  // [patch, latents]
    int32_t count, fitted;
    float scale;
} Reverse;

// The velocities y [batch, patch, latents] of x [patch, latents] under the heads [batch, head, dim].
static void velocities(const Edges *edges, const Frame *frame, const float *heads, const Pass *pass,
                       const float *x, float *y, void *space, Crew *crew) {
    const int dim = pass->transformer->dim, patch = pass->kept, head = frame->head;
    const int64_t row = (int64_t)dim * sizeof(float), before = pass->length - patch;
    float *first = pass->x + before * dim;
    product(&edges->inward, x, patch, edges->inward_bias, first, space, crew);
    for (int b = pass->batch - 1; b >= 0; b--) {
        float *rows = pass->x + (int64_t)b * pass->length * dim, *to = rows + before * dim;
        memcpy(rows, heads + (int64_t)b * head * dim, head * row);
        memcpy(rows + (int64_t)head * dim, frame->previous, (before - head) * row);
        const float *target = frame->targets + (int64_t)b * patch * dim;
        if (frame->targets)
            for (int64_t i = 0; i < (int64_t)patch * dim; i++) to[i] = first[i] + target[i];
        else if (b > 0)
            memcpy(to, first, patch * row);
    }
    transformer_run(pass, crew);
    product(&edges->outward, pass->y, pass->batch * patch, edges->outward_bias, y, space, crew);
}

static void guide(const Reverse *reverse, float *y, const float *without, int size) {
    float fit = 1;
    if (reverse->fitted) fit = dot(y, without, size) / (dot(without, without, size) + 1e-8f);
    for (int i = 0; i < size; i++) {
        float base = fit * without[i];
        y[i] = base + reverse->scale * (y[i] - base);
    }
}

// Takes the patch x [patch, latents] from its start to its end. The pass keeps the last positions; y
// [batch, patch, latents] and `space`, for `rows_space` of either edge, are scratch.
void patch_run(const Edges *edges, const Frame *frame, const Pass *pass, const Reverse *reverse,
               float *x, float *y, void *space, Crew *crew) {
    const int size = pass->kept * edges->inward.columns;
    const int64_t heads = (int64_t)pass->batch * frame->head * pass->transformer->dim;
    memset(y, 0, size * sizeof *y);  // what steps that don't move it multiply by nothing
    for (int n = 0; n < reverse->count; n++) {
        const Step *step = reverse->steps + n;
        if (step->move != 0) {
            velocities(edges, frame, frame->heads + n * heads, pass, x, y, space, crew);
            if (pass->batch == 2) guide(reverse, y, y + size, size);
        }
        for (int i = 0; i < size; i++)
            x[i] = step->keep * x[i] + step->move * y[i] + step->fresh * reverse->noise[i];
    }
}

// A patch from noise: what lies between two passes of a LocDiT's transformer is as little that torch
// would take longer to begin it than to do it.

#include "transformer.h"
#include "vector.h"

#include <string.h>

// The velocities y [batch, patch, latents] of x [patch, latents] under the conditions [batch, tokens,
// dim].
static void velocities(const Projections *projections, const Sequence *sequence,
                       const float *conditions, const Pass *pass, const float *x, float *y,
                       void *space, ThreadPool *pool) {
    const int dim = pass->transformer->dim, patch = pass->kept, tokens = sequence->condition_tokens;
    const int64_t row = (int64_t)dim * sizeof(float), before = pass->length - patch;
    float *first = pass->x + before * dim;
    product(&projections->inward, x, patch, projections->inward_bias, first, space, pool);
    for (int b = pass->batch - 1; b >= 0; b--) {
        float *rows = pass->x + (int64_t)b * pass->length * dim, *to = rows + before * dim;
        memcpy(rows, conditions + (int64_t)b * tokens * dim, tokens * row);
        memcpy(rows + (int64_t)tokens * dim, sequence->previous, (before - tokens) * row);
        const float *target = sequence->targets + (int64_t)b * patch * dim;
        if (sequence->targets)
            for (int64_t i = 0; i < (int64_t)patch * dim; i++) to[i] = first[i] + target[i];
        else if (b > 0)
            memcpy(to, first, patch * row);
    }
    transformer_run(pass, pool);
    product(&projections->outward, pass->y, pass->batch * patch, projections->outward_bias, y, space,
            pool);
}

static void guide(const Solver *solver, float *y, const float *without, int size) {
    float fit = 1;
    if (solver->fitted) fit = dot(y, without, size) / (dot(without, without, size) + 1e-8f);
    for (int i = 0; i < size; i++) {
        float base = fit * without[i];
        y[i] = base + solver->scale * (y[i] - base);
    }
}

// Takes the patch x [patch, latents] from its start to its end. The pass keeps the last positions; y
// [batch, patch, latents] and `space`, for `rows_space` of either edge, are scratch.
void patch_run(const Projections *projections, const Sequence *sequence, const Pass *pass,
               const Solver *solver, float *x, float *y, void *space, ThreadPool *pool) {
    const int size = pass->kept * projections->inward.columns;
    const int64_t tokens = (int64_t)pass->batch * sequence->condition_tokens;
    const int64_t apart = tokens * pass->transformer->dim;
    memset(y, 0, size * sizeof *y);  // steps without an output multiply it by zero
    for (int n = 0; n < solver->count; n++) {
        const Step *step = solver->steps + n;
        if (step->output_scale != 0) {
            const float *conditions = sequence->conditions + n * apart;
            velocities(projections, sequence, conditions, pass, x, y, space, pool);
            if (pass->batch == 2) guide(solver, y, y + size, size);
        }
        for (int i = 0; i < size; i++)
            x[i] = step->x_scale * x[i] + step->output_scale * y[i] +
                   step->noise_scale * solver->noise[i];
    }
}

// A whole pass through a frozen Pre-Norm transformer, for a few rows.

#include "transformer.h"
#include "vector.h"

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { FLOAT = sizeof(float) };

// Root-mean-square norm of rows [rows, dim].
static void normalise(const Transformer *t, const float *x, int rows, const float *gain, float *y) {
    for (int r = 0; r < rows; r++, x += t->dim, y += t->dim) {
        __m256 factor = _mm256_set1_ps(1 / sqrtf(dot(x, x, t->dim) / t->dim + t->epsilon));
        for (int i = 0; i < t->dim; i += 8) {
            __m256 v = _mm256_mul_ps(_mm256_loadu_ps(x + i), factor);
            _mm256_storeu_ps(y + i, _mm256_mul_ps(v, _mm256_loadu_ps(gain + i)));
        }
    }
}

// v [head_dim] turned by a position's angles, if positions have any, and made `scale` times as long.
static void turn(const Pass *pass, int position, const float *v, int size, float scale, float *to) {
    if (!pass->cosines) {
        for (int i = 0; i < size; i++) to[i] = v[i] * scale;
        return;
    }
    const float *cosines = pass->cosines + (int64_t)position * size;
    const float *sines = pass->sines + (int64_t)position * size;
    for (int i = 0, half = size / 2; i < half; i++) {
        to[i] = (v[i] * cosines[i] + v[i + half] * sines[i]) * scale;
        to[i + half] = (v[i + half] * cosines[i + half] + v[i] * sines[i + half]) * scale;
    }
}

// Attention of `queries` queries [queries, head_dim], already divided by the root of their size,
// over `count` positions; scores [queries, capacity] are scratch.
static void attend(const float *query, int queries, int head_dim, const float *keys,
                   const float *values, int count, int64_t capacity, float *scores, float *to) {
    for (int j = 0; j < count; j++)
        for (int q = 0; q < queries; q++)
            scores[q * capacity + j] =
                dot(query + q * head_dim, keys + (int64_t)j * head_dim, head_dim);
    for (int q = 0; q < queries; q++) {
        float *score = scores + q * capacity;
        for (int j = count; j % 8; j++) score[j] = -INFINITY;
        __m256 most = _mm256_set1_ps(score[0]), sums = _mm256_setzero_ps();
        for (int j = 0; j < count; j += 8) most = _mm256_max_ps(most, _mm256_loadu_ps(score + j));
        most = _mm256_max_ps(most, _mm256_permute2f128_ps(most, most, 1));
        most = _mm256_max_ps(most, _mm256_permute_ps(most, 0x4e));
        most = _mm256_max_ps(most, _mm256_permute_ps(most, 0xb1));
        for (int j = 0; j < count; j += 8) {
            __m256 v = exponential(_mm256_sub_ps(_mm256_loadu_ps(score + j), most));
            _mm256_storeu_ps(score + j, v);
            sums = _mm256_add_ps(sums, v);
        }
        float share = 1 / total(sums);
        for (int i = 0; i < head_dim; i += 32) {
            int vectors = (head_dim - i < 32 ? head_dim - i : 32) / 8;
            __m256 mixed[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                               _mm256_setzero_ps()};
            for (int j = 0; j < count; j++) {
                __m256 weight = _mm256_broadcast_ss(score + j);
                const float *value = values + (int64_t)j * head_dim + i;
                for (int v = 0; v < vectors; v++)
                    mixed[v] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(value + 8 * v), mixed[v]);
            }
            for (int v = 0; v < vectors; v++)
                _mm256_storeu_ps(to + q * head_dim + i + 8 * v,
                                 _mm256_mul_ps(mixed[v], _mm256_set1_ps(share)));
        }
    }
}

// What a pass works in. Queries and scores are each rank's own, one after another.
typedef struct {
    float *qkv, *attended, *gate, *up, *keys, *values, *kept, *normed, *queries, *scores;
    void *levels;
} Space;

static int64_t lay_out(const Transformer *t, int rows, int64_t capacity, int ranks, void *memory,
                       Space *space) {
    char *at = memory;
    int group = t->heads / t->kv_heads;
    int widest = t->ffn > t->dim ? t->ffn : t->dim;
    if (t->heads * t->head_dim > widest) widest = t->heads * t->head_dim;
#define TAKE(name, count, size) \
    (space->name = (void *)at, at += ((int64_t)(count) * (size) + 63) / 64 * 64)
    TAKE(qkv, rows, (t->heads + 2 * t->kv_heads) * t->head_dim * FLOAT);
    TAKE(attended, rows, t->heads * t->head_dim * FLOAT);
    TAKE(gate, t->gated ? rows : 0, t->ffn * FLOAT);
    TAKE(up, rows, t->ffn * FLOAT);
    TAKE(keys, rows, t->kv_heads * t->head_dim * FLOAT);
    TAKE(values, rows, t->kv_heads * t->head_dim * FLOAT);
    TAKE(kept, rows, t->dim * FLOAT);
    TAKE(normed, rows, t->dim * FLOAT);
    TAKE(queries, ranks, group * t->head_dim * FLOAT);
    TAKE(scores, ranks, group * capacity * FLOAT);
    TAKE(levels, 1, rows_space(rows, widest));
#undef TAKE
    return at - (char *)memory;
}

// Capacity of scores: every position that a pass can see, in whole vectors.
static int64_t positions(const Pass *pass) {
    return ((pass->keys ? pass->filled : 0) + pass->length + 7) / 8 * 8;
}

int64_t transformer_workspace(const Pass *pass, const ThreadPool *pool) {
    Space space;
    return lay_out(pass->transformer, pass->batch * pass->length, positions(pass),
                   pool_ranks(pool), 0, &space);
}

// A phase of a block in which every part does something else.
typedef struct {
    const Pass *pass;
    const Space *space;
    const Block *block;
    const Rows *rows;
    int layer, first, kept, each;
} Phase;

// Attention of one group of heads of one sequence, from qkv to attended [batch * kept, heads,
// head_dim].
static void attention(void *data, int unit, int rank) {
    const Phase *phase = data;
    const Pass *pass = phase->pass;
    const Space *s = phase->space;
    const Transformer *t = pass->transformer;
    const int size = t->head_dim, group = t->heads / t->kv_heads;
    const int width = (t->heads + 2 * t->kv_heads) * size;
    const int sequence = unit / t->kv_heads, head = unit % t->kv_heads;
    const int filled = pass->keys ? pass->filled : 0;
    const int64_t capacity = pass->keys ? pass->capacity : pass->length;
    const float scale = 1 / sqrtf((float)size);
    float *keys = (pass->keys ? pass->keys[phase->layer] : s->keys) + unit * capacity * size;
    float *values = (pass->keys ? pass->values[phase->layer] : s->values) + unit * capacity * size;
    float *queries = s->queries + rank * group * size;
    float *scores = s->scores + rank * group * positions(pass);
    const float *rows = s->qkv + (int64_t)sequence * pass->length * width;
    for (int i = 0; i < pass->length; i++) {
        const float *key = rows + (int64_t)i * width + (t->heads + head) * size;
        int64_t at = (int64_t)(filled + i) * size;
        turn(pass, i, key, size, 1, keys + at);
        memcpy(values + at, key + t->kv_heads * size, (size_t)size * FLOAT);
    }
    for (int i = phase->first; i < phase->first + phase->kept; i++) {
        for (int q = 0; q < group; q++) {
            const float *query = rows + (int64_t)i * width + (head * group + q) * size;
            turn(pass, i, query, size, scale, queries + q * size);
        }
        int seen = pass->keys ? filled + i + 1 : pass->length;
        int64_t row = (int64_t)sequence * phase->kept + i - phase->first;
        attend(queries, group, size, keys, values, seen, positions(pass), scores,
               s->attended + (row * t->heads + head * group) * size);
    }
}

// Some columns of what `down` reads, up [rows, ffn]: SwiGLU (silu(gate) up) or squared ReLU.
static void widen(void *data, int index, int rank) {
    (void)rank;
    const Phase *phase = data;
    const Block *block = phase->block;
    const Space *s = phase->space;
    const Transformer *t = phase->pass->transformer;
    int begin = index * phase->each, end = begin + phase->each;
    if (end > t->ffn) end = t->ffn;
    multiply_part(&block->up, phase->rows, begin, end, &(Result){s->up, 1, 0, 0});
    if (t->gated) multiply_part(&block->gate, phase->rows, begin, end, &(Result){s->gate, 1, 0, 0});
    for (int r = 0; r < phase->rows->rows; r++)
        for (int n = begin; n < end; n += 8) {
            float *up = s->up + (int64_t)r * t->ffn + n;
            __m256 v = _mm256_loadu_ps(up);
            if (t->gated) {
                __m256 gate = _mm256_loadu_ps(s->gate + (int64_t)r * t->ffn + n);
                v = _mm256_mul_ps(v, gated(gate, gate));
            } else {
                v = _mm256_max_ps(v, _mm256_setzero_ps());
                v = _mm256_mul_ps(v, v);
            }
            _mm256_storeu_ps(up, v);
        }
}

void transformer_run(const Pass *pass, ThreadPool *pool) {
    const Transformer *t = pass->transformer;
    int rows = pass->batch * pass->length;
    float *x = pass->x;
    Space s;
    lay_out(t, rows, positions(pass), pool_ranks(pool), pass->workspace, &s);
    for (int layer = 0; layer < t->layers; layer++) {
        const Block *block = t->blocks + layer;
        Phase phase = {pass, &s, block, 0, layer, 0, pass->length, 0};

        normalise(t, x, rows, block->attention_gain, s.normed);
        Rows in = rows_for(&block->qkv, s.normed, rows, s.levels, pool);
        multiply(&block->qkv, &in, &(Result){s.qkv, 1, 0, 0}, pool);

        if (layer == t->layers - 1 && pass->kept < pass->length) {
            phase.first = pass->first_kept, phase.kept = pass->kept;
            for (int b = 0; b < pass->batch; b++)
                memcpy(s.kept + (int64_t)b * pass->kept * t->dim,
                       x + ((int64_t)b * pass->length + pass->first_kept) * t->dim,
                       (size_t)pass->kept * t->dim * FLOAT);
            x = s.kept;
            rows = pass->batch * pass->kept;
        }
        int64_t work = 2 * (int64_t)rows * positions(pass) * t->heads * t->head_dim;
        pool_for(pool_if(pool, work), pass->batch * t->kv_heads, attention, &phase);

        in = rows_for(&block->out, s.attended, rows, s.levels, pool);
        multiply(&block->out, &in, &(Result){x, t->branch_scale, 0, 1}, pool);

        normalise(t, x, rows, block->ffn_gain, s.normed);
        in = rows_for(&block->up, s.normed, rows, s.levels, pool);
        phase.rows = &in;
        phase.each = outputs_at_a_time(t->ffn, pool);
        work = (int64_t)rows * t->ffn * t->dim;
        pool_for(pool_if(pool, work), (t->ffn + phase.each - 1) / phase.each, widen, &phase);

        in = rows_for(&block->down, s.up, rows, s.levels, pool);
        multiply(&block->down, &in, &(Result){x, t->branch_scale, 0, 1}, pool);
    }
    normalise(t, x, rows, t->gain, pass->y);
}

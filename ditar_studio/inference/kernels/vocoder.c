// A convolutional decoder of waveforms, on signals [time, channels] whose channels are a multiple of 8.

#include "matrix.h"
#include "vector.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

// Rows of a signal that a thread takes at a time.
enum { ROWS = 16 };

// Multiplications that take as long as a snake's number.
enum { SNAKE = 16 };

// x + sin(alpha x)^2 inverse.
static inline __m256 snake8(__m256 x, const float *alpha, const float *inverse) {
    __m256 angle = _mm256_mul_ps(x, _mm256_loadu_ps(alpha));
    // The square has a period of pi, which is taken off in three parts, the first of which times a
    // small whole number is exact.
    __m256 whole = _mm256_round_ps(_mm256_mul_ps(angle, _mm256_set1_ps(0.318309886f)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    angle = _mm256_fnmadd_ps(whole, _mm256_set1_ps(3.140625f), angle);
    angle = _mm256_fnmadd_ps(whole, _mm256_set1_ps(9.67502594e-4f), angle);
    angle = _mm256_fnmadd_ps(whole, _mm256_set1_ps(1.50995799e-7f), angle);
    // Taylor's series up to the 13th power, for angles of at most pi / 2.
    __m256 square = _mm256_mul_ps(angle, angle);
    __m256 y = _mm256_set1_ps(1 / 6227020800.f);
    y = _mm256_fmadd_ps(y, square, _mm256_set1_ps(-1 / 39916800.f));
    y = _mm256_fmadd_ps(y, square, _mm256_set1_ps(1 / 362880.f));
    y = _mm256_fmadd_ps(y, square, _mm256_set1_ps(-1 / 5040.f));
    y = _mm256_fmadd_ps(y, square, _mm256_set1_ps(1 / 120.f));
    y = _mm256_fmadd_ps(y, square, _mm256_set1_ps(-1 / 6.f));
    y = _mm256_fmadd_ps(y, square, _mm256_set1_ps(1));
    y = _mm256_mul_ps(y, angle);
    return _mm256_fmadd_ps(_mm256_mul_ps(y, y), _mm256_loadu_ps(inverse), x);
}

typedef struct {
    const Unit *unit;
    const float *x;
    float *joined, *mixed;
    int length;
} Phase;

static void snake_row(const float *x, int channels, const float *alpha, const float *inverse,
                      float *to) {
    for (int c = 0; c < channels; c += 8)
        _mm256_storeu_ps(to + c, snake8(_mm256_loadu_ps(x + c), alpha + c, inverse + c));
}

// Eight channels of a depthwise convolution, whose first input is at x and the next `apart` further.
static inline __m256 convolve8(const float *weight, const float *bias, int taps, int channels,
                               const float *x, int64_t apart) {
    __m256 v = _mm256_loadu_ps(bias);
    for (int tap = 0; tap < taps; tap++)
        v = _mm256_fmadd_ps(_mm256_loadu_ps(weight + tap * channels),
                            _mm256_loadu_ps(x + tap * apart), v);
    return v;
}

static void first_snake(void *data, int index, int rank) {
    (void)rank;
    const Phase *p = data;
    const Unit *unit = p->unit;
    const int channels = unit->channels;
    float *joined = p->joined + (int64_t)(unit->taps - 1) * unit->dilation * channels;
    int end = (index + 1) * ROWS < p->length ? (index + 1) * ROWS : p->length;
    for (int64_t t = index * ROWS; t < end; t++)
        snake_row(p->x + t * channels, channels, unit->first_alpha, unit->first_inverse,
                  joined + t * channels);
}

static void convolve(void *data, int index, int rank) {
    (void)rank;
    const Phase *p = data;
    const Unit *unit = p->unit;
    const int channels = unit->channels;
    int end = (index + 1) * ROWS < p->length ? (index + 1) * ROWS : p->length;
    for (int64_t t = index * ROWS; t < end; t++)
        for (int c = 0; c < channels; c += 8) {
            __m256 v = convolve8(unit->weight + c, unit->bias + c, unit->taps, channels,
                                 p->joined + t * channels + c, (int64_t)unit->dilation * channels);
            v = snake8(v, unit->second_alpha + c, unit->second_inverse + c);
            _mm256_storeu_ps(p->mixed + t * channels + c, v);
        }
}

// Continue on x [length, channels], in place. `past` [(taps - 1) * dilation, channels] is what the
// convolution still needs of before; `space` is for past and x and x again.
static void run_unit(const Unit *unit, float *x, int length, float *past, float *space,
                     ThreadPool *pool) {
    const int64_t reach = (int64_t)(unit->taps - 1) * unit->dilation * unit->channels;
    const int64_t size = (int64_t)length * unit->channels;
    Phase phase = {unit, x, space, space + reach + size, length};
    ThreadPool *some = pool_if(pool, size * SNAKE);
    memcpy(space, past, reach * sizeof *past);
    pool_for(some, (length + ROWS - 1) / ROWS, first_snake, &phase);
    memcpy(past, space + size, reach * sizeof *past);
    pool_for(some, (length + ROWS - 1) / ROWS, convolve, &phase);
    Rows rows = rows_for(&unit->mix, phase.mixed, length, 0, pool);
    multiply(&unit->mix, &rows, &(Result){x, 1, unit->mix_bias, 1}, pool);
}

// Kinds of stages: weight [taps, channels] and bias of a depthwise convolution, factors alpha and
// inverse of a snake, a scale and a bias [channels], a convolution to the waveform with weight [taps,
// channels] and its bias, products with the rows and `taps - 1` before them, and units.
enum { DEPTHWISE, SNAKE_STAGE, SCALE, LAST, PRODUCT, UNIT };

typedef struct {
    const Stage *stage;
    float *x, *y;
    int length;
} Part;

// Rows index * ROWS .. of a stage that has no matrix; all but the last one's are overwritten.
static void some_rows(void *data, int index, int rank) {
    (void)rank;
    const Part *p = data;
    const Stage *stage = p->stage;
    const int channels = stage->channels;
    int end = (index + 1) * ROWS < p->length ? (index + 1) * ROWS : p->length;
    for (int64_t t = index * ROWS; t < end; t++) {
        float *x = p->x + t * channels;
        if (stage->kind == LAST) {
            p->y[t] = tanhf(dot(stage->first, x, stage->taps * channels) + *stage->second);
        } else if (stage->kind == SNAKE_STAGE) {
            snake_row(x, channels, stage->first, stage->second, x);
        } else {
            for (int c = 0; c < channels; c++) x[c] = x[c] * stage->first[c] + stage->second[c];
        }
    }
}

// x begins with its past.
static void depthwise(const Stage *stage, const float *x, int length, float *y) {
    const int channels = stage->channels;
    for (int64_t t = 0; t < length; t++)
        for (int c = 0; c < channels; c += 8)
            _mm256_storeu_ps(y + t * channels + c,
                             convolve8(stage->first + c, stage->second + c, stage->taps, channels,
                                       x + t * channels + c, channels));
}

// Numbers of the longest signal, of the longest past, and of what units work in.
typedef struct {
    int64_t signal, past, units;
} Sizes;

static Sizes sizes_of(const Stage *stages, int count, int64_t length) {
    Sizes most = {0, 0, 0};
#define AT_LEAST(most, size) if ((most) < (size)) (most) = (size)
    for (const Stage *stage = stages; stage < stages + count; stage++) {
        AT_LEAST(most.past, (int64_t)(stage->taps - 1) * stage->channels);
        AT_LEAST(most.signal, length * stage->channels);
        if (stage->kind == UNIT) {
            int64_t reach = (stage->unit->taps - 1) * stage->unit->dilation;
            AT_LEAST(most.units, (reach + 2 * length) * stage->channels);
        }
        if (stage->kind == PRODUCT) {
            AT_LEAST(most.signal, length * stage->matrix.outputs);
            length *= stage->stride;
        }
    }
#undef AT_LEAST
    return most;
}

int64_t decoder_space(const Chunk *chunk) {
    Sizes most = sizes_of(chunk->stages, chunk->count, chunk->length);
    return 2 * (most.signal + most.past) + most.units;
}

void decoder_run(const Chunk *chunk, ThreadPool *pool) {
    int length = chunk->length;
    const Sizes most = sizes_of(chunk->stages, chunk->count, length);
    float *const *past = chunk->past;
    float *now = chunk->space + most.past, *other = now + most.signal + most.past;
    float *units = other + most.signal;
    memcpy(now, chunk->x, (int64_t)length * chunk->stages->channels * sizeof *now);
    for (const Stage *stage = chunk->stages; stage < chunk->stages + chunk->count; stage++) {
        const int64_t size = (int64_t)length * stage->channels;
        const int64_t reach = (int64_t)(stage->taps - 1) * stage->channels;
        float *from = now - reach;
        if (reach && stage->kind != UNIT) {
            memcpy(from, *past, reach * sizeof *now);
            memcpy(*past++, from + size, reach * sizeof *now);
        }
        if (stage->kind == UNIT) {
            run_unit(stage->unit, now, length, *past++, units, pool);
        } else if (stage->kind == DEPTHWISE) {
            depthwise(stage, from, length, other);
        } else if (stage->kind == PRODUCT) {
            Rows rows = rows_for(&stage->matrix, from, length, 0, pool);
            rows.stride = stage->channels;
            multiply(&stage->matrix, &rows, &(Result){other, 1, stage->second, 0}, pool);
            length *= stage->stride;
        } else {
            Part part = {stage, stage->kind == LAST ? from : now, chunk->y, length};
            ThreadPool *some = pool_if(pool, size * (stage->kind == LAST ? stage->taps : SNAKE));
            pool_for(some, (length + ROWS - 1) / ROWS, some_rows, &part);
        }
        if (stage->kind == DEPTHWISE || stage->kind == PRODUCT) {
            float *made = other;
            other = now;
            now = made;
        }
    }
}

static void run_alone(void *chunk) { decoder_run(chunk, 0); }

// As an task; the chunk stays where it is until that is done.
void decoder_send(Chunk *chunk, ThreadPool *pool) { pool_submit(pool, run_alone, chunk); }

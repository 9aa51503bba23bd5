// The parts of a convolutional decoder of waveforms, on signals [time, channels] whose channels are a
// multiple of 8.

#include "matrix.h"

#include <immintrin.h>
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

// x + mix(snake(depthwise(snake(x)))): both snakes' factors [channels], a depthwise convolution
// [taps, channels] with its bias, and what mixes the channels.
typedef struct {
    int32_t channels, taps, dilation;
    const float *first_alpha, *first_inverse, *second_alpha, *second_inverse;
    const float *weight, *bias, *mix_bias;
    Matrix mix;
} Unit;

typedef struct {
    const Unit *unit;
    const float *x;
    float *joined, *mixed;
    int length;
} Phase;

static void first_snake(void *data, int index, int rank) {
    (void)rank;
    const Phase *p = data;
    const int channels = p->unit->channels;
    int end = (index + 1) * ROWS < p->length ? (index + 1) * ROWS : p->length;
    for (int64_t t = index * ROWS; t < end; t++)
        for (int c = 0; c < channels; c += 8) {
            __m256 v = _mm256_loadu_ps(p->x + t * channels + c);
            v = snake8(v, p->unit->first_alpha + c, p->unit->first_inverse + c);
            int64_t row = t + (p->unit->taps - 1) * p->unit->dilation;
            _mm256_storeu_ps(p->joined + row * channels + c, v);
        }
}

static void convolve(void *data, int index, int rank) {
    (void)rank;
    const Phase *p = data;
    const Unit *unit = p->unit;
    const int channels = unit->channels;
    int end = (index + 1) * ROWS < p->length ? (index + 1) * ROWS : p->length;
    for (int64_t t = index * ROWS; t < end; t++)
        for (int c = 0; c < channels; c += 8) {
            __m256 v = _mm256_loadu_ps(unit->bias + c);
            for (int tap = 0; tap < unit->taps; tap++)
                v = _mm256_fmadd_ps(
                    _mm256_loadu_ps(unit->weight + tap * channels + c),
                    _mm256_loadu_ps(p->joined + (t + tap * unit->dilation) * channels + c), v);
            v = snake8(v, unit->second_alpha + c, unit->second_inverse + c);
            _mm256_storeu_ps(p->mixed + t * channels + c, v);
        }
}

// Continue on x [length, channels], in place. `past` [(taps - 1) * dilation, channels] is what the
// convolution still needs of before; `space` is for past and x and x again.
void unit_run(const Unit *unit, float *x, int length, float *past, float *space, Crew *crew) {
    const int64_t reach = (int64_t)(unit->taps - 1) * unit->dilation * unit->channels;
    const int64_t size = (int64_t)length * unit->channels;
    Phase phase = {unit, x, space, space + reach + size, length};
    Crew *some = crew_if(crew, size * SNAKE);
    memcpy(space, past, reach * sizeof *past);
    crew_for(some, (length + ROWS - 1) / ROWS, first_snake, &phase);
    memcpy(past, space + size, reach * sizeof *past);
    crew_for(some, (length + ROWS - 1) / ROWS, convolve, &phase);
    Rows rows = rows_for(&unit->mix, phase.mixed, length, 0, crew);
    multiply(&unit->mix, &rows, &(Result){x, 1, unit->mix_bias, 1}, crew);
}

typedef struct {
    const float *x, *alpha, *inverse;
    float *y;
    int length, channels;
} Snake;

static void some_snake(void *data, int index, int rank) {
    (void)rank;
    const Snake *s = data;
    int end = (index + 1) * ROWS < s->length ? (index + 1) * ROWS : s->length;
    for (int64_t t = index * ROWS; t < end; t++)
        for (int c = 0; c < s->channels; c += 8) {
            __m256 v = _mm256_loadu_ps(s->x + t * s->channels + c);
            _mm256_storeu_ps(s->y + t * s->channels + c, snake8(v, s->alpha + c, s->inverse + c));
        }
}

// y [length, channels] = x + sin(alpha x)^2 inverse.
void snake_run(const float *x, int length, int channels, const float *alpha, const float *inverse,
               float *y, Crew *crew) {
    Snake snake = {x, alpha, inverse, y, length, channels};
    crew_for(crew_if(crew, (int64_t)length * channels * SNAKE), (length + ROWS - 1) / ROWS,
             some_snake, &snake);
}

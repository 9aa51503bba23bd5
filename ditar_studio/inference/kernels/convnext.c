// A causal ConvNeXt block going on by a few frames, on signals [time, channels].

#include "matrix.h"
#include "vector.h"

#include <math.h>
#include <string.h>

// Depthwise convolution over joined [taps - 1 + length, channels], then layer norm, to y.
static void convolve_and_normalise(const ConvNeXt *block, const float *joined, int length,
                                   float *y) {
    const int channels = block->channels;
    for (int t = 0; t < length; t++, joined += channels, y += channels) {
        __m256 sum = _mm256_setzero_ps();
        for (int c = 0; c < channels; c += 8) {
            __m256 v = _mm256_loadu_ps(block->bias + c);
            for (int tap = 0; tap < block->taps; tap++)
                v = _mm256_fmadd_ps(_mm256_loadu_ps(block->weight + tap * channels + c),
                                    _mm256_loadu_ps(joined + tap * channels + c), v);
            _mm256_storeu_ps(y + c, v);
            sum = _mm256_add_ps(sum, v);
        }
        const __m256 mean = _mm256_set1_ps(total(sum) / channels);
        __m256 squares = _mm256_setzero_ps();
        for (int c = 0; c < channels; c += 8) {
            __m256 v = _mm256_sub_ps(_mm256_loadu_ps(y + c), mean);
            squares = _mm256_fmadd_ps(v, v, squares);
        }
        const __m256 factor = _mm256_set1_ps(1 / sqrtf(total(squares) / channels + block->epsilon));
        for (int c = 0; c < channels; c += 8) {
            __m256 v = _mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(y + c), mean), factor);
            v = _mm256_fmadd_ps(v, _mm256_loadu_ps(block->norm_gain + c),
                                _mm256_loadu_ps(block->norm_bias + c));
            _mm256_storeu_ps(y + c, v);
        }
    }
}

// GELU in its form with tanh: x / (1 + e^-2u), u = sqrt(2 / pi) (x + 0.044715 x^3).
static void gelu(float *x, int64_t count) {
    for (int64_t i = 0; i < count; i += 8) {
        __m256 v = _mm256_loadu_ps(x + i), square = _mm256_mul_ps(v, v);
        __m256 u = _mm256_fmadd_ps(square, _mm256_set1_ps(0.0713548163f), _mm256_set1_ps(1.59576912f));
        _mm256_storeu_ps(x + i, gated(v, _mm256_mul_ps(v, u)));
    }
}

// Floats that `convnext_run` needs for so many frames.
int64_t convnext_space(const ConvNeXt *block, int length) {
    int64_t rows = block->taps - 1 + 2 * (int64_t)length;
    return rows * block->channels + (int64_t)length * block->up.outputs;
}

// Continue on x [length, channels] after past [taps - 1, channels], both in place.
void convnext_run(const ConvNeXt *block, float *x, int length, float *past, float *space,
                  ThreadPool *pool) {
    const int64_t size = (int64_t)length * block->channels;
    const int64_t reach = (int64_t)(block->taps - 1) * block->channels;
    float *mixed = space + reach + size, *wide = mixed + size;
    memcpy(space, past, reach * sizeof *past);
    memcpy(space + reach, x, size * sizeof *x);
    memcpy(past, space + size, reach * sizeof *past);
    convolve_and_normalise(block, space, length, mixed);
    product(&block->up, mixed, length, block->up_bias, wide, 0, pool);
    gelu(wide, (int64_t)length * block->up.outputs);
    product(&block->down, wide, length, block->down_bias, mixed, 0, pool);
    for (int t = 0; t < length; t++)
        for (int c = 0; c < block->channels; c++)
            x[t * block->channels + c] += block->scale[c] * mixed[t * block->channels + c];
}

// Functions of eight numbers at a time, and of vectors of a multiple of eight.

#ifndef DITAR_VECTOR_H
#define DITAR_VECTOR_H

#include <immintrin.h>

static inline float total(__m256 v) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

static inline float dot(const float *a, const float *b, int count) {
    __m256 sums = _mm256_setzero_ps();
    for (int i = 0; i < count; i += 8)
        sums = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sums);
    return total(sums);
}

// e^x for x <= 88, and 0 below -87. Relative error 2e-7.
static inline __m256 exponential(__m256 x) {
    const __m256 least = _mm256_set1_ps(-87);
    const __m256 some = _mm256_cmp_ps(x, least, _CMP_GT_OQ);
    x = _mm256_max_ps(x, least);
    __m256 whole = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    // ln 2 in two parts, the first of which times a small whole number is exact.
    x = _mm256_fnmadd_ps(whole, _mm256_set1_ps(0.693359375f), x);
    x = _mm256_fnmadd_ps(whole, _mm256_set1_ps(-2.12194440e-4f), x);
    // Taylor's series up to x^7 / 7!, with |x| <= ln 2 / 2.
    __m256 y = _mm256_set1_ps(1 / 5040.f);
    y = _mm256_fmadd_ps(y, x, _mm256_set1_ps(1 / 720.f));
    y = _mm256_fmadd_ps(y, x, _mm256_set1_ps(1 / 120.f));
    y = _mm256_fmadd_ps(y, x, _mm256_set1_ps(1 / 24.f));
    y = _mm256_fmadd_ps(y, x, _mm256_set1_ps(1 / 6.f));
    y = _mm256_fmadd_ps(y, x, _mm256_set1_ps(0.5f));
    y = _mm256_fmadd_ps(y, x, _mm256_set1_ps(1));
    y = _mm256_fmadd_ps(y, x, _mm256_set1_ps(1));
    __m256i power = _mm256_slli_epi32(_mm256_cvtps_epi32(whole), 23);
    return _mm256_and_ps(_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(y), power)), some);
}

// x / (1 + e^-y).
static inline __m256 gated(__m256 x, __m256 y) {
    __m256 fade = _mm256_sub_ps(_mm256_setzero_ps(), y);
    fade = exponential(_mm256_min_ps(fade, _mm256_set1_ps(87)));
    return _mm256_div_ps(x, _mm256_add_ps(fade, _mm256_set1_ps(1)));
}

#endif

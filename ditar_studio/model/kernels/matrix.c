// Packing matrices and multiplying rows with them (AVX2, FMA).

#include "matrix.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum { MOST_ROWS_BF16 = 6, MOST_ROWS_INT8 = 10, ZERO = 64 };

// Quantised by one thread in the time that it takes another to begin.
enum { FEW_NUMBERS = 1 << 13 };

void pack_bf16(const float *weight, int outputs, int columns, uint32_t *panels) {
    for (int n = 0; n < outputs; n += 16)
        for (int k = 0; k < columns; k++)
            for (int i = 0; i < 8; i++) {
                uint32_t low, high;
                memcpy(&low, weight + (int64_t)(n + i) * columns + k, 4);
                memcpy(&high, weight + (int64_t)(n + i + 8) * columns + k, 4);
                *panels++ = low >> 16 | (high & 0xffff0000u);
            }
}

void pack_int8(const float *weight, int outputs, int columns, int8_t *panels, float *scales,
               int32_t *sums) {
    int blocks = (columns + INT8_BLOCK - 1) / INT8_BLOCK;
    for (int n = 0; n < outputs; n++) {
        const float *row = weight + (int64_t)n * columns;
        int8_t *to = panels + (int64_t)(n / 8) * columns * 8 + n % 8 * 4;
        for (int b = 0; b < blocks; b++) {
            int begin = b * INT8_BLOCK;
            int end = begin + INT8_BLOCK < columns ? begin + INT8_BLOCK : columns;
            float most = 1e-12f;
            for (int k = begin; k < end; k++) most = fmaxf(most, fabsf(row[k]));
            float inverse = 64 / most;
            int32_t sum = 0;
            for (int k = begin; k < end; k++) {
                int level = (int)lrintf(row[k] * inverse);
                to[(int64_t)(k / 4) * 32 + k % 4] = (int8_t)level;
                sum += level;
            }
            int64_t at = ((int64_t)(n / 8) * blocks + b) * 8 + n % 8;
            scales[at] = most / 64;
            sums[at] = sum * ZERO;
        }
    }
}

INLINE void put(float *y, __m256 value, __m256 scale, int add) {
    __m256 before = add ? _mm256_loadu_ps(y) : _mm256_setzero_ps();
    _mm256_storeu_ps(y, _mm256_fmadd_ps(value, scale, before));
}

// R rows times P panels of 16 outputs; R and P are constants where it is inlined, so that the sums
// stay in registers.
INLINE void tile_bf16(const int R, const int P, const Matrix *m, int panel, const float *x,
                      float *y, __m256 scale, int add) {
    const int64_t columns = m->columns, outputs = m->outputs;
    const uint32_t *w = (const uint32_t *)m->panels + panel * columns * 8;
    const __m256i upper = _mm256_set1_epi32((int)0xffff0000u);
    __m256 low[MOST_ROWS_BF16][4], high[MOST_ROWS_BF16][4];
    for (int r = 0; r < R; r++)
        for (int p = 0; p < P; p++) low[r][p] = high[r][p] = _mm256_setzero_ps();
    for (int64_t k = 0; k < columns; k++)
        for (int p = 0; p < P; p++) {
            __m256i pair = _mm256_loadu_si256((const void *)(w + (p * columns + k) * 8));
            __m256 first = _mm256_castsi256_ps(_mm256_slli_epi32(pair, 16));
            __m256 second = _mm256_castsi256_ps(_mm256_and_si256(pair, upper));
            for (int r = 0; r < R; r++) {
                __m256 value = _mm256_broadcast_ss(x + r * columns + k);
                low[r][p] = _mm256_fmadd_ps(first, value, low[r][p]);
                high[r][p] = _mm256_fmadd_ps(second, value, high[r][p]);
            }
        }
    for (int r = 0; r < R; r++)
        for (int p = 0; p < P; p++) {
            float *to = y + r * outputs + (panel + p) * 16;
            put(to, low[r][p], scale, add);
            put(to + 8, high[r][p], scale, add);
        }
}

static int64_t blocks_of(int columns) { return (columns + INT8_BLOCK - 1) / INT8_BLOCK; }

int64_t rows_space(int rows, int columns) {
    return rows * (columns + blocks_of(columns) * (int64_t)sizeof(float));
}

static void quantise(void *data, int row, int rank) {
    (void)rank;
    const Rows *rows = data;
    const int columns = rows->columns;
    const float *x = rows->x + (int64_t)row * columns;
    uint8_t *levels = rows->levels + (int64_t)row * columns;
    float *scales = rows->scales + row * blocks_of(columns);
    const __m256 sign = _mm256_set1_ps(-0.0f);
    for (int begin = 0; begin < columns; begin += INT8_BLOCK) {
        int end = begin + INT8_BLOCK < columns ? begin + INT8_BLOCK : columns;
        __m256 most = _mm256_set1_ps(1e-12f);
        for (int k = begin; k < end; k += 8)
            most = _mm256_max_ps(most, _mm256_andnot_ps(sign, _mm256_loadu_ps(x + k)));
        float eight[8], largest = 0;
        _mm256_storeu_ps(eight, most);
        for (int i = 0; i < 8; i++) largest = fmaxf(largest, eight[i]);
        *scales++ = largest / 63;
        const __m256 inverse = _mm256_set1_ps(63 / largest);
        for (int k = begin; k < end; k += 8) {
            __m256i level = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + k), inverse));
            level = _mm256_add_epi32(level, _mm256_set1_epi32(ZERO));
            __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(level),
                                            _mm256_extracti128_si256(level, 1));
            _mm_storel_epi64((void *)(levels + k), _mm_packus_epi16(words, words));
        }
    }
}

Rows rows_for(const Matrix *m, const float *x, int rows, void *space, Crew *crew) {
    float *scales = space;
    uint8_t *levels = (uint8_t *)(scales + rows * blocks_of(m->columns));
    Rows made = {x, rows, m->columns, levels, scales};
    if (m->kind == MATRIX_INT8)
        crew_for(rows * m->columns < FEW_NUMBERS ? NULL : crew, rows, quantise, &made);
    return made;
}

INLINE __m256i four(const uint8_t *levels) {
    int32_t word;
    memcpy(&word, levels, 4);
    return _mm256_set1_epi32(word);
}

// R rows times P panels of 8 outputs.
//
// With levels of at most 127 and 64 four products fit 16 bits, so that two multiplications share
// the widening to 32 bits, which takes as long as one of them.
INLINE void tile_int8(const int R, const int P, const Matrix *m, int panel, const uint8_t *x,
                      const float *x_scales, float *y, __m256 scale, int add) {
    const int64_t columns = m->columns, outputs = m->outputs;
    const int64_t blocks = (columns + INT8_BLOCK - 1) / INT8_BLOCK;
    const int8_t *w = (const int8_t *)m->panels + panel * columns * 8;
    const __m256i ones = _mm256_set1_epi16(1);
    __m256 total[MOST_ROWS_INT8][4];
    for (int r = 0; r < R; r++)
        for (int p = 0; p < P; p++) total[r][p] = _mm256_setzero_ps();
    for (int64_t b = 0; b < blocks; b++) {
        int64_t end = (b + 1) * INT8_BLOCK < columns ? (b + 1) * INT8_BLOCK : columns;
        __m256i sum[MOST_ROWS_INT8][4];
        for (int p = 0; p < P; p++) {
            const int32_t *sums = m->sums + ((panel + p) * blocks + b) * 8;
            __m256i offset = _mm256_sub_epi32(_mm256_setzero_si256(),
                                              _mm256_loadu_si256((const void *)sums));
            for (int r = 0; r < R; r++) sum[r][p] = offset;
        }
        for (int64_t k = b * INT8_BLOCK; k < end; k += 8)
            for (int p = 0; p < P; p++) {
                const int8_t *at = w + (p * columns + k) * 8;
                __m256i first = _mm256_loadu_si256((const void *)at);
                __m256i second = _mm256_loadu_si256((const void *)(at + 32));
                for (int r = 0; r < R; r++) {
                    const uint8_t *levels = x + r * columns + k;
                    __m256i words = _mm256_add_epi16(_mm256_maddubs_epi16(four(levels), first),
                                                     _mm256_maddubs_epi16(four(levels + 4), second));
                    sum[r][p] = _mm256_add_epi32(sum[r][p], _mm256_madd_epi16(words, ones));
                }
            }
        for (int p = 0; p < P; p++) {
            __m256 w_scale = _mm256_loadu_ps(m->scales + ((panel + p) * blocks + b) * 8);
            for (int r = 0; r < R; r++) {
                __m256 both = _mm256_mul_ps(w_scale, _mm256_set1_ps(x_scales[r * blocks + b]));
                total[r][p] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[r][p]), both, total[r][p]);
            }
        }
    }
    for (int r = 0; r < R; r++)
        for (int p = 0; p < P; p++)
            put(y + r * outputs + (panel + p) * 8, total[r][p], scale, add);
}

// Rows in equal groups of at most `most`, every group times the same panels.
#define EACH_GROUP(most)                                                   \
    for (int groups = (rows->rows + most - 1) / most, g = 0, from = 0, count; g < groups; \
         g++, from += count)                                               \
        if ((count = (int)((int64_t)rows->rows * (g + 1) / groups) - from) > 0)

#define CASE(R, TILE) \
    case R:           \
        TILE(R, 1);   \
        break;

static void multiply_bf16(const Matrix *m, const Rows *rows, int panel, int end, float *y,
                          __m256 scale, int add) {
#define TILE(R, P) tile_bf16(R, P, m, panel, x, to, scale, add)
    while (panel < end) {
        int wide = rows->rows == 1 && end - panel >= 4;
        EACH_GROUP(MOST_ROWS_BF16) {
            const float *x = rows->x + from * (int64_t)m->columns;
            float *to = y + from * (int64_t)m->outputs;
            switch (wide ? 0 : count) {
            case 0:
                TILE(1, 4);
                break;
                CASE(1, TILE)
                CASE(2, TILE)
                CASE(3, TILE)
                CASE(4, TILE)
                CASE(5, TILE)
                CASE(6, TILE)
            }
        }
        panel += wide ? 4 : 1;
    }
#undef TILE
}

static void multiply_int8(const Matrix *m, const Rows *rows, int panel, int end, float *y,
                          __m256 scale, int add) {
#define TILE(R, P) tile_int8(R, P, m, panel, levels, scales, to, scale, add)
    while (panel < end) {
        int wide = rows->rows == 1 && end - panel >= 4;
        EACH_GROUP(MOST_ROWS_INT8) {
            const uint8_t *levels = rows->levels + from * (int64_t)m->columns;
            const float *scales = rows->scales + from * blocks_of(m->columns);
            float *to = y + from * (int64_t)m->outputs;
            switch (wide ? 0 : count) {
            case 0:
                TILE(1, 4);
                break;
                CASE(1, TILE)
                CASE(2, TILE)
                CASE(3, TILE)
                CASE(4, TILE)
                CASE(5, TILE)
                CASE(6, TILE)
                CASE(7, TILE)
                CASE(8, TILE)
                CASE(9, TILE)
                CASE(10, TILE)
            }
        }
        panel += wide ? 4 : 1;
    }
#undef TILE
}

void multiply_part(const Matrix *m, const Rows *rows, int begin, int end, float *y, float scale,
                   int add) {
    __m256 factor = _mm256_set1_ps(scale);
    if (m->kind == MATRIX_INT8)
        multiply_int8(m, rows, begin / 8, end / 8, y, factor, add);
    else
        multiply_bf16(m, rows, begin / 16, end / 16, y, factor, add);
}

int outputs_at_a_time(int outputs, const Crew *crew) {
    int shares = crew_ranks(crew) * 4;
    return (outputs + shares * 64 - 1) / (shares * 64) * 64;
}

typedef struct {
    const Matrix *matrix;
    const Rows *rows;
    float *y, scale;
    int add, each;
} Product;

static void product_part(void *data, int index, int rank) {
    (void)rank;
    const Product *p = data;
    int begin = index * p->each, end = begin + p->each;
    if (end > p->matrix->outputs) end = p->matrix->outputs;
    multiply_part(p->matrix, p->rows, begin, end, p->y, p->scale, p->add);
}

void multiply(const Matrix *m, const Rows *rows, float *y, float scale, int add, Crew *crew) {
    Product product = {m, rows, y, scale, add, outputs_at_a_time(m->outputs, crew)};
    crew_for(crew, (m->outputs + product.each - 1) / product.each, product_part, &product);
}

// y [rows, outputs] = x [rows, columns] times the matrix; space for `rows_space`.
void product(const Matrix *m, const float *x, int rows, float *y, void *space, Crew *crew) {
    Rows made = rows_for(m, x, rows, space, crew);
    multiply(m, &made, y, 1, 0, crew);
}

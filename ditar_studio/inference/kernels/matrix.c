// Packing matrices and multiplying rows with them (AVX2, FMA).

#include "matrix.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum { MOST_ROWS_HALF = 6, MOST_ROWS_INT8 = 10, ZERO = 64 };

// Bytes of weights that are fetched ahead of their use, because by itself the processor doesn't fetch
// beyond the page of memory that it is in. Few rows are through with a page before that helps.
enum { AHEAD = 16384, FEW_ROWS = 3 };

// Multiplications that take as long as quantising one number.
enum { QUANTISING = 16 };

// Of many rows a thread takes so many at a time.
enum { ROWS_AT_A_TIME = 30 };

static int blocks_of(int columns) { return (columns + INT8_BLOCK - 1) / INT8_BLOCK; }

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

void pack_fp16(const float *weight, int outputs, int columns, uint16_t *panels) {
    for (int n = 0; n < outputs; n += 16)
        for (int k = 0; k < columns; k++)
            for (int i = 0; i < 16; i++)
                *panels++ = _cvtss_sh(weight[(int64_t)(n + i) * columns + k], 0);
}

static float largest(const float *x, int count) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 most = _mm256_set1_ps(1e-12f);
    for (int k = 0; k < count; k += 8)
        most = _mm256_max_ps(most, _mm256_andnot_ps(sign, _mm256_loadu_ps(x + k)));
    float eight[8], one = 0;
    _mm256_storeu_ps(eight, most);
    for (int i = 0; i < 8; i++) one = fmaxf(one, eight[i]);
    return one;
}

void pack_int8(const float *weight, int outputs, int columns, int8_t *panels, float *scales,
               int32_t *sums) {
    int blocks = blocks_of(columns);
    for (int n = 0; n < outputs; n++) {
        const float *row = weight + (int64_t)n * columns;
        int8_t *to = panels + (int64_t)(n / 8) * columns * 8 + n % 8 * 4;
        for (int b = 0; b < blocks; b++) {
            int begin = b * INT8_BLOCK;
            int end = begin + INT8_BLOCK < columns ? begin + INT8_BLOCK : columns;
            float most = largest(row + begin, end - begin);
            const __m256 inverse = _mm256_set1_ps(64 / most);
            __m256i sum = _mm256_setzero_si256();
            for (int k = begin; k < end; k += 8) {
                __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(row + k), inverse);
                __m256i level = _mm256_cvtps_epi32(scaled);
                sum = _mm256_add_epi32(sum, level);
                __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(level),
                                                _mm256_extracti128_si256(level, 1));
                int64_t eight = _mm_cvtsi128_si64(_mm_packs_epi16(words, words));
                memcpy(to + (int64_t)k * 8, &eight, 4);
                eight >>= 32;
                memcpy(to + (int64_t)(k + 4) * 8, &eight, 4);
            }
            int32_t parts[8], total = 0;
            _mm256_storeu_si256((void *)parts, sum);
            for (int i = 0; i < 8; i++) total += parts[i];
            int64_t at = ((int64_t)(n / 8) * blocks + b) * 8 + n % 8;
            scales[at] = most / 64;
            sums[at] = total * ZERO;
        }
    }
}

// Eight of a row's outputs, from n on.
INLINE void put(const Result *to, int64_t row, int64_t outputs, int64_t n, __m256 sum) {
    float *y = to->y + row * outputs + n;
    __m256 rest = to->add ? _mm256_loadu_ps(y) : _mm256_setzero_ps();
    if (to->bias) rest = _mm256_add_ps(rest, _mm256_loadu_ps(to->bias + n));
    _mm256_storeu_ps(y, _mm256_fmadd_ps(sum, _mm256_set1_ps(to->scale), rest));
}

// R rows times P panels of 16 outputs; R, P and the kind are constants where it is inlined, so that
// the sums stay in registers.
INLINE void tile_half(const int R, const int P, const int kind, const Matrix *m, int panel,
                      const Rows *rows, int row, const Result *to) {
    const int64_t columns = m->columns, outputs = m->outputs, stride = rows->stride;
    const uint32_t *w = (const uint32_t *)m->panels + panel * columns * 8;
    const __m256i upper = _mm256_set1_epi32((int)0xffff0000u);
    __m256 low[MOST_ROWS_HALF][4], high[MOST_ROWS_HALF][4];
    const float *x = rows->x + row * stride;
    for (int r = 0; r < R; r++)
        for (int p = 0; p < P; p++) low[r][p] = high[r][p] = _mm256_setzero_ps();
    for (int64_t k = 0; k < columns; k++)
        for (int p = 0; p < P; p++) {
            const __m128i *halves = (const __m128i *)(w + (p * columns + k) * 8);
            __m256 first, second;
            if (kind == MATRIX_FP16) {
                first = _mm256_cvtph_ps(_mm_loadu_si128(halves));
                second = _mm256_cvtph_ps(_mm_loadu_si128(halves + 1));
            } else {
                __m256i pair = _mm256_loadu_si256((const __m256i *)halves);
                first = _mm256_castsi256_ps(_mm256_slli_epi32(pair, 16));
                second = _mm256_castsi256_ps(_mm256_and_si256(pair, upper));
            }
            for (int r = 0; r < R; r++) {
                __m256 value = _mm256_broadcast_ss(x + r * stride + k);
                low[r][p] = _mm256_fmadd_ps(first, value, low[r][p]);
                high[r][p] = _mm256_fmadd_ps(second, value, high[r][p]);
            }
        }
    for (int r = 0; r < R; r++)
        for (int p = 0; p < P; p++) {
            put(to, row + r, outputs, (panel + p) * 16, low[r][p]);
            put(to, row + r, outputs, (panel + p) * 16 + 8, high[r][p]);
        }
}

// Bytes from one row's levels to the next's. Rows a power of two apart would share the few lines of
// the nearest cache that such addresses may use.
INLINE int64_t stride_of(int64_t columns) { return columns + 64; }

int64_t rows_space(int rows, int columns) {
    return rows * (stride_of(columns) + (int64_t)blocks_of(columns) * (int64_t)sizeof(float));
}

static void quantise(void *data, int row, int rank) {
    (void)rank;
    const Rows *rows = data;
    const int columns = rows->columns;
    const float *x = rows->x + (int64_t)row * columns;
    uint8_t *levels = rows->levels + row * stride_of(columns);
    float *scales = rows->scales + (int64_t)row * blocks_of(columns);
    for (int begin = 0; begin < columns; begin += INT8_BLOCK) {
        int end = begin + INT8_BLOCK < columns ? begin + INT8_BLOCK : columns;
        float most = largest(x + begin, end - begin);
        *scales++ = most / 63;
        const __m256 inverse = _mm256_set1_ps(63 / most);
        for (int k = begin; k < end; k += 8) {
            __m256i level = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + k), inverse));
            level = _mm256_add_epi32(level, _mm256_set1_epi32(ZERO));
            __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(level),
                                            _mm256_extracti128_si256(level, 1));
            _mm_storel_epi64((void *)(levels + k), _mm_packus_epi16(words, words));
        }
    }
}

Rows rows_for(const Matrix *m, const float *x, int rows, void *space, ThreadPool *pool) {
    float *scales = space;
    uint8_t *levels = (uint8_t *)(scales + (int64_t)rows * blocks_of(m->columns));
    Rows made = {x, rows, m->columns, m->columns, levels, scales};
    if (m->kind == MATRIX_INT8)
        pool_for(pool_if(pool, (int64_t)rows * m->columns * QUANTISING), rows, quantise, &made);
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
INLINE void tile_int8(const int R, const int P, const Matrix *m, int panel, const Rows *rows,
                      int row, const Result *to) {
    const int64_t columns = m->columns, outputs = m->outputs;
    const int64_t blocks = blocks_of(m->columns);
    const uint8_t *x = rows->levels + row * stride_of(columns);
    const float *x_scales = rows->scales + row * blocks;
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
                if (R > FEW_ROWS) _mm_prefetch((const char *)at + AHEAD, _MM_HINT_T0);
                for (int r = 0; r < R; r++) {
                    const uint8_t *levels = x + r * stride_of(columns) + k;
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
            put(to, row + r, outputs, (panel + p) * 8, total[r][p]);
}

// Rows in equal groups of at most `most`, every group times the same panels.
#define EACH_GROUP(most)                                                               \
    for (int groups = (end - begin + most - 1) / most, g = 0, row = begin, count;      \
         g < groups; g++, row += count)                                                \
        if ((count = begin + (int)((int64_t)(end - begin) * (g + 1) / groups) - row) > 0)

#define CASE(R)     \
    case R:         \
        TILE(R, 1); \
        break;

// Rows begin .. end - 1 times the panels up to `last`: as many sums at a time as there are registers
// for, because every sum waits for its last addition.
INLINE void multiply_half(const int kind, const Matrix *m, const Rows *rows, int begin, int end,
                          int panel, int last, const Result *to) {
#define TILE(R, P) tile_half(R, P, kind, m, panel, rows, row, to)
    int few = end - begin, wide = few == 1 ? 4 : few == 2 ? 3 : few == 3 ? 2 : 1;
    for (int row = begin; wide > 1 && last - panel >= wide; panel += wide) {
        if (few == 1) TILE(1, 4);
        if (few == 2) TILE(2, 3);
        if (few == 3) TILE(3, 2);
    }
    for (; panel < last; panel++)
        EACH_GROUP(MOST_ROWS_HALF) {
            switch (count) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) }
        }
#undef TILE
}

static void multiply_int8(const Matrix *m, const Rows *rows, int begin, int end, int panel,
                          int last, const Result *to) {
#define TILE(R, P) tile_int8(R, P, m, panel, rows, row, to)
    int few = end - begin, wide = few == 1 ? 4 : few < 5 ? 2 : 1;
    for (int row = begin; wide > 1 && last - panel >= wide; panel += wide) {
        if (few == 1) TILE(1, 4);
        if (few == 2) TILE(2, 2);
        if (few == 3) TILE(3, 2);
        if (few == 4) TILE(4, 2);
    }
    for (; panel < last; panel++)
        EACH_GROUP(MOST_ROWS_INT8) {
            switch (count) {
                CASE(1) CASE(2) CASE(3) CASE(4) CASE(5)
                CASE(6) CASE(7) CASE(8) CASE(9) CASE(10)
            }
        }
#undef TILE
}

// Outputs `from` .. `until` - 1 of the rows begin .. end - 1.
static void multiply_block(const Matrix *m, const Rows *rows, int begin, int end, int from,
                           int until, const Result *to) {
    if (m->kind == MATRIX_INT8)
        multiply_int8(m, rows, begin, end, from / 8, until / 8, to);
    else if (m->kind == MATRIX_FP16)
        multiply_half(MATRIX_FP16, m, rows, begin, end, from / 16, until / 16, to);
    else
        multiply_half(MATRIX_BF16, m, rows, begin, end, from / 16, until / 16, to);
}

void multiply_part(const Matrix *m, const Rows *rows, int begin, int end, const Result *result) {
    multiply_block(m, rows, 0, rows->rows, begin, end, result);
}

int outputs_at_a_time(int outputs, const ThreadPool *pool) {
    int shares = pool_ranks(pool) * 8;
    return (outputs + shares * 64 - 1) / (shares * 64) * 64;
}

typedef struct {
    const Matrix *matrix;
    const Rows *rows;
    const Result *result;
    int each;
} Product;

static void some_outputs(void *data, int index, int rank) {
    (void)rank;
    const Product *p = data;
    int begin = index * p->each, end = begin + p->each;
    if (end > p->matrix->outputs) end = p->matrix->outputs;
    multiply_part(p->matrix, p->rows, begin, end, p->result);
}

static void some_rows(void *data, int index, int rank) {
    (void)rank;
    const Product *p = data;
    int begin = index * p->each, end = begin + p->each;
    if (end > p->rows->rows) end = p->rows->rows;
    multiply_block(p->matrix, p->rows, begin, end, 0, p->matrix->outputs, p->result);
}

void multiply(const Matrix *m, const Rows *rows, const Result *result, ThreadPool *pool) {
    Product product = {m, rows, result, ROWS_AT_A_TIME};
    pool = pool_if(pool, (int64_t)rows->rows * m->outputs * m->columns);
    if (rows->rows > 2 * ROWS_AT_A_TIME) {
        pool_for(pool, (rows->rows + product.each - 1) / product.each, some_rows, &product);
    } else {
        product.each = outputs_at_a_time(m->outputs, pool);
        pool_for(pool, (m->outputs + product.each - 1) / product.each, some_outputs, &product);
    }
}

void product(const Matrix *m, const float *x, int rows, const float *bias, float *y, void *space,
             ThreadPool *pool) {
    Rows made = rows_for(m, x, rows, space, pool);
    Result result = {y, 1, bias, 0};
    multiply(m, &made, &result, pool);
}

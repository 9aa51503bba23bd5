// Matrices with frozen weights, packed so that products with a few rows read them once, in order.

#ifndef DITAR_MATRIX_H
#define DITAR_MATRIX_H

#include "crew.h"

#include <stdint.h>

enum { MATRIX_BF16 = 0, MATRIX_INT8 = 1, MATRIX_FP16 = 2 };

// Columns whose weights (of one output) and inputs (of one row) share a scale in int8.
enum { INT8_BLOCK = 256 };

// weight [outputs, columns]; outputs are a multiple of 16, columns of 8.
//
// bf16: panels [outputs / 16][columns][8] words of 32 bits, each the bfloat16 of output i of the
// panel in its lower half and of output i + 8 in its upper half.
// fp16: panels [outputs / 16][columns][16].
// int8: panels [outputs / 8][columns / 4][8][4] of levels in -64..64; a weight is its level times
// scales [outputs / 8][blocks][8]; sums [outputs / 8][blocks][8] are 64 times a block's levels.
typedef struct {
    int32_t kind, outputs, columns;
    const void *panels;
    const float *scales;
    const int32_t *sums;
} Matrix;

// Rows [rows, columns] to be multiplied, `stride` numbers apart: as they are, and in levels (64 is
// zero) with their scales [rows, blocks] if the matrix is in int8.
typedef struct {
    const float *x;
    int rows, columns, stride;
    uint8_t *levels;
    float *scales;
} Rows;

// Bytes of memory for the levels and scales of so many rows.
int64_t rows_space(int rows, int columns);

// x [rows, columns] for products with the matrix, in `space`.
Rows rows_for(const Matrix *m, const float *x, int rows, void *space, Crew *crew);

// What becomes of a product: y [rows, outputs] = scale * product + bias (+ y).
typedef struct {
    float *y, scale;
    const float *bias;  // [outputs], or null
    int add;
} Result;

// The product's outputs begin .. end - 1, multiples of 16.
void multiply_part(const Matrix *m, const Rows *rows, int begin, int end, const Result *result);

// The whole product, by the crew.
void multiply(const Matrix *m, const Rows *rows, const Result *result, Crew *crew);

// y [rows, outputs] = x [rows, columns] times the matrix + bias [outputs] (or null); `space` is for
// `rows_space`.
void product(const Matrix *m, const float *x, int rows, const float *bias, float *y, void *space,
             Crew *crew);

// How many outputs the crew takes at a time, a multiple of 16.
int outputs_at_a_time(int outputs, const Crew *crew);

#endif

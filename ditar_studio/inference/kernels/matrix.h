// Matrices with frozen weights, packed so that products with a few rows read them once, in order.

#ifndef DITAR_MATRIX_H
#define DITAR_MATRIX_H

#include "abi.h"
#include "thread_pool.h"

#include <stdint.h>

enum { MATRIX_BF16 = 0, MATRIX_INT8 = 1, MATRIX_FP16 = 2 };

// Columns whose weights (of one output) and inputs (of one row) share a scale in int8.
enum { INT8_BLOCK = 256 };

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
Rows rows_for(const Matrix *m, const float *x, int rows, void *space, ThreadPool *pool);

// What becomes of a product: y [rows, outputs] = scale * product + bias (+ y).
typedef struct {
    float *y, scale;
    const float *bias;  // [outputs], or null
    int add;
} Result;

// The product's outputs begin .. end - 1, multiples of 16.
void multiply_part(const Matrix *m, const Rows *rows, int begin, int end, const Result *result);

// The whole product, by the pool.
void multiply(const Matrix *m, const Rows *rows, const Result *result, ThreadPool *pool);

// y [rows, outputs] = x [rows, columns] times the matrix + bias [outputs] (or null); `space` is for
// `rows_space`.
void product(const Matrix *m, const float *x, int rows, const float *bias, float *y, void *space,
             ThreadPool *pool);

// How many outputs the pool takes at a time, a multiple of 16.
int outputs_at_a_time(int outputs, const ThreadPool *pool);

#endif

// Frozen Pre-Norm transformers, and passes through them.

#ifndef DITAR_TRANSFORMER_H
#define DITAR_TRANSFORMER_H

#include "matrix.h"

int64_t transformer_workspace(const Pass *pass, const ThreadPool *pool);

void transformer_run(const Pass *pass, ThreadPool *pool);

#endif

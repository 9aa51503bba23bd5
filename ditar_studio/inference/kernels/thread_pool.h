// Threads that help the one that asks, wherever they find the time.

#ifndef DITAR_THREAD_POOL_H
#define DITAR_THREAD_POOL_H

#include <stdint.h>

typedef struct ThreadPool ThreadPool;

// Does part `index` of something; `rank` is the thread's number, 0 that of the one that asks.
typedef void Work(void *data, int index, int rank);

// A pool of so many ranks, for ever. Ranks from 1 on have to be lent a thread by `pool_serve`.
ThreadPool *pool_new(int ranks);

// Help as one of the ranks; never returns.
void pool_serve(ThreadPool *pool, int rank);

// 1 without a pool.
int pool_ranks(const ThreadPool *pool);

// The pool, where there is more to do than one thread does while others begin: about so many
// multiplications. Else null.
ThreadPool *pool_if(ThreadPool *pool, int64_t multiplications);

// Have parts 0 .. count - 1 (at most 60000) done, in any order; returns when all are. One thread at
// a time asks; without a pool it does all of them.
void pool_for(ThreadPool *pool, int count, Work *work, void *data);

// Have a task run by whichever helper is free first, beside all else; nothing more is sent before
// `pool_wait` has returned. A caller that waits for a task that hasn't begun runs it itself.
typedef void Task(void *data);
void pool_submit(ThreadPool *pool, Task *task, void *data);
void pool_wait(ThreadPool *pool);

#endif

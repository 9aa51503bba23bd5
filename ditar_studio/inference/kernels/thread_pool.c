// Every rank has its own run of parts, so that it reads what belongs to them from one end to the
// other, and takes others' when it is through with them. A helper whose core another program has just
// taken is not waited for, unless it is in the middle of a part.
//
// Waiting is spinning for about a tenth of a millisecond, which is what lies between two passes
// while a patch is made, and only then costs the system a call.

#include "thread_pool.h"

#include <immintrin.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef _WIN32
#include <windows.h>
typedef SRWLOCK Lock;
typedef CONDITION_VARIABLE Signal;
#define prepare(lock, signal) (InitializeSRWLock(lock), InitializeConditionVariable(signal))
#define acquire(lock) AcquireSRWLockExclusive(lock)
#define release(lock) ReleaseSRWLockExclusive(lock)
#define sleep_until(signal, lock) SleepConditionVariableSRW(signal, lock, INFINITE, 0)
#define wake_all(signal) WakeAllConditionVariable(signal)
#define give_way() SwitchToThread()
#else
#include <pthread.h>
#include <sched.h>
typedef pthread_mutex_t Lock;
typedef pthread_cond_t Signal;
#define prepare(lock, signal) (pthread_mutex_init(lock, NULL), pthread_cond_init(signal, NULL))
#define acquire(lock) pthread_mutex_lock(lock)
#define release(lock) pthread_mutex_unlock(lock)
#define sleep_until(signal, lock) pthread_cond_wait(signal, lock)
#define wake_all(signal) pthread_cond_broadcast(signal)
#define give_way() sched_yield()
#endif

enum { SPINS = 4000, FEW = 1 << 17 };

// States of the task.
enum { NONE, SENT, BEGUN, DONE };

// A rank's run in one word, so that a part is taken by one addition: from above, 32 bits that differ
// from task to task, 16 of where the run ends, 16 of the part that is taken next.
typedef uint64_t Run;

static int end(Run run) { return (int)(run >> 16 & 0xffff); }
static int next(Run run) { return (int)(run & 0xffff); }

struct ThreadPool {
    int ranks;
    Work *work;
    void *data;
    Task *task;
    void *task_data;
    atomic_int done, asleep, task_state;
    Lock lock;
    Signal called;
    struct {
        _Atomic Run run;
        char apart[64 - sizeof(Run)];  // a line of the cache each
    } own[];
};

ThreadPool *pool_new(int ranks) {
    ThreadPool *pool = calloc(1, sizeof *pool + ranks * sizeof *pool->own);
    if (pool) {
        pool->ranks = ranks;
        prepare(&pool->lock, &pool->called);
    }
    return pool;
}

static void pass_time(int spins) {
    if (spins < SPINS)
        _mm_pause();
    else
        give_way();
}

int pool_ranks(const ThreadPool *pool) { return pool ? pool->ranks : 1; }

ThreadPool *pool_if(ThreadPool *pool, int64_t multiplications) {
    return multiplications < FEW ? NULL : pool;
}

static int left(ThreadPool *pool, int rank) {
    Run run = atomic_load(&pool->own[rank].run);
    return next(run) < end(run);
}

static int any_left(ThreadPool *pool) {
    for (int rank = 0; rank < pool->ranks; rank++)
        if (left(pool, rank)) return 1;
    return 0;
}

// Do parts as long as there are any, one's own first.
static void help(ThreadPool *pool, int rank) {
    for (int i = 0, owner; i < pool->ranks; i++)
        while (left(pool, owner = (rank + i) % pool->ranks)) {
            // Whichever task it belongs to by now: that one isn't over before this part is done.
            Run run = atomic_fetch_add(&pool->own[owner].run, 1);
            if (next(run) >= end(run)) break;
            pool->work(pool->data, next(run), rank);
            atomic_fetch_add(&pool->done, 1);
        }
}

// Do the task, unless somebody else does.
static int run_task(ThreadPool *pool) {
    int sent = SENT;
    if (!atomic_compare_exchange_strong(&pool->task_state, &sent, BEGUN)) return 0;
    pool->task(pool->task_data);
    atomic_store(&pool->task_state, DONE);
    return 1;
}

static int anything(ThreadPool *pool) {
    return atomic_load(&pool->task_state) == SENT || any_left(pool);
}

static void wake(ThreadPool *pool) {
    if (!atomic_load(&pool->asleep)) return;
    acquire(&pool->lock);
    wake_all(&pool->called);
    release(&pool->lock);
}

void pool_serve(ThreadPool *pool, int rank) {
    for (int spins = 0;; spins++) {
        if (anything(pool)) {
            if (!run_task(pool)) help(pool, rank);
            spins = 0;
        }
        if (spins < SPINS) {
            _mm_pause();
            continue;
        }
        acquire(&pool->lock);
        atomic_fetch_add(&pool->asleep, 1);
        while (!anything(pool)) sleep_until(&pool->called, &pool->lock);
        atomic_fetch_sub(&pool->asleep, 1);
        release(&pool->lock);
    }
}

void pool_for(ThreadPool *pool, int count, Work *work, void *data) {
    if (!pool || count == 1) {
        for (int index = 0; index < count; index++) work(data, index, 0);
        return;
    }
    pool->work = work;
    pool->data = data;
    atomic_store(&pool->done, 0);
    for (int rank = 0; rank < pool->ranks; rank++) {
        Run task = (atomic_load(&pool->own[rank].run) >> 32) + 1;
        Run begins = (Run)count * rank / pool->ranks, ends = (Run)count * (rank + 1) / pool->ranks;
        atomic_store(&pool->own[rank].run, task << 32 | ends << 16 | begins);
    }
    wake(pool);
    help(pool, 0);
    for (int spins = 0; atomic_load(&pool->done) < count; spins++) pass_time(spins);
}

void pool_submit(ThreadPool *pool, Task *task, void *data) {
    pool->task = task;
    pool->task_data = data;
    atomic_store(&pool->task_state, SENT);
    wake(pool);
}

void pool_wait(ThreadPool *pool) {
    if (atomic_load(&pool->task_state) == NONE) return;
    run_task(pool);
    for (int spins = 0; atomic_load(&pool->task_state) != DONE; spins++) pass_time(spins);
    atomic_store(&pool->task_state, NONE);
}

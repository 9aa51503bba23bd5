// Parts are taken one by one by whoever is free. A helper whose core another program has just taken
// is not waited for, unless it is in the middle of a part.
//
// Waiting is spinning for about a tenth of a millisecond, which is what lies between two passes
// while a patch is made, and only then costs the system a call.

#include "crew.h"

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

// What is to be done, in one word, so that a part is taken by one addition: from above, 32 bits
// that differ from task to task, 16 of the number of parts, 16 of the part that is taken next.
typedef uint64_t Task;

static int parts(Task task) { return (int)(task >> 16 & 0xffff); }
static int next(Task task) { return (int)(task & 0xffff); }

struct Crew {
    int ranks;
    Work *work;
    void *data;
    _Atomic Task task;
    atomic_int done, asleep;
    Lock lock;
    Signal called;
};

Crew *crew_new(int ranks) {
    Crew *crew = calloc(1, sizeof *crew);
    if (crew) {
        crew->ranks = ranks;
        prepare(&crew->lock, &crew->called);
    }
    return crew;
}

int crew_ranks(const Crew *crew) { return crew ? crew->ranks : 1; }

Crew *crew_if(Crew *crew, int64_t multiplications) {
    return multiplications < FEW ? NULL : crew;
}

static int left(Crew *crew) {
    Task task = atomic_load(&crew->task);
    return next(task) < parts(task);
}

// Do parts as long as there are any.
static void help(Crew *crew, int rank) {
    while (left(crew)) {
        // Whichever task it belongs to by now: that one isn't over before this part is done.
        Task task = atomic_fetch_add(&crew->task, 1);
        if (next(task) >= parts(task)) return;
        crew->work(crew->data, next(task), rank);
        atomic_fetch_add(&crew->done, 1);
    }
}

void crew_serve(Crew *crew, int rank) {
    for (int spins = 0;; spins++) {
        if (left(crew)) {
            help(crew, rank);
            spins = 0;
        }
        if (spins < SPINS) {
            _mm_pause();
            continue;
        }
        acquire(&crew->lock);
        atomic_fetch_add(&crew->asleep, 1);
        while (!left(crew)) sleep_until(&crew->called, &crew->lock);
        atomic_fetch_sub(&crew->asleep, 1);
        release(&crew->lock);
    }
}

void crew_for(Crew *crew, int count, Work *work, void *data) {
    if (!crew || count == 1) {
        for (int index = 0; index < count; index++) work(data, index, 0);
        return;
    }
    crew->work = work;
    crew->data = data;
    atomic_store(&crew->done, 0);
    Task before = atomic_load(&crew->task) >> 32;
    atomic_store(&crew->task, (before + 1) << 32 | (Task)count << 16);
    if (atomic_load(&crew->asleep)) {
        acquire(&crew->lock);
        wake_all(&crew->called);
        release(&crew->lock);
    }
    help(crew, 0);
    for (int spins = 0; atomic_load(&crew->done) < count; spins++)
        if (spins < SPINS)
            _mm_pause();
        else
            give_way();
}

// Every rank has its own run of parts, so that it reads what belongs to them from one end to the
// other, and takes others' when it is through with them. A helper whose core another program has just
// taken is not waited for, unless it is in the middle of a part.
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

// How it stands with the errand.
enum { NONE, SENT, BEGUN, DONE };

// A rank's run in one word, so that a part is taken by one addition: from above, 32 bits that differ
// from task to task, 16 of where the run ends, 16 of the part that is taken next.
typedef uint64_t Run;

static int end(Run run) { return (int)(run >> 16 & 0xffff); }
static int next(Run run) { return (int)(run & 0xffff); }

struct Crew {
    int ranks;
    Work *work;
    void *data;
    Errand *errand;
    void *errand_data;
    atomic_int done, asleep, errand_is;
    Lock lock;
    Signal called;
    struct {
        _Atomic Run run;
        char apart[64 - sizeof(Run)];  // a line of the cache each
    } own[];
};

Crew *crew_new(int ranks) {
    Crew *crew = calloc(1, sizeof *crew + ranks * sizeof *crew->own);
    if (crew) {
        crew->ranks = ranks;
        prepare(&crew->lock, &crew->called);
    }
    return crew;
}

static void pass_time(int spins) {
    if (spins < SPINS)
        _mm_pause();
    else
        give_way();
}

int crew_ranks(const Crew *crew) { return crew ? crew->ranks : 1; }

Crew *crew_if(Crew *crew, int64_t multiplications) {
    return multiplications < FEW ? NULL : crew;
}

static int left(Crew *crew, int rank) {
    Run run = atomic_load(&crew->own[rank].run);
    return next(run) < end(run);
}

static int any_left(Crew *crew) {
    for (int rank = 0; rank < crew->ranks; rank++)
        if (left(crew, rank)) return 1;
    return 0;
}

// Do parts as long as there are any, one's own first.
static void help(Crew *crew, int rank) {
    for (int i = 0, owner; i < crew->ranks; i++)
        while (left(crew, owner = (rank + i) % crew->ranks)) {
            // Whichever task it belongs to by now: that one isn't over before this part is done.
            Run run = atomic_fetch_add(&crew->own[owner].run, 1);
            if (next(run) >= end(run)) break;
            crew->work(crew->data, next(run), rank);
            atomic_fetch_add(&crew->done, 1);
        }
}

// Do the errand, unless somebody else does.
static int run_errand(Crew *crew) {
    int sent = SENT;
    if (!atomic_compare_exchange_strong(&crew->errand_is, &sent, BEGUN)) return 0;
    crew->errand(crew->errand_data);
    atomic_store(&crew->errand_is, DONE);
    return 1;
}

static int anything(Crew *crew) {
    return atomic_load(&crew->errand_is) == SENT || any_left(crew);
}

static void wake(Crew *crew) {
    if (!atomic_load(&crew->asleep)) return;
    acquire(&crew->lock);
    wake_all(&crew->called);
    release(&crew->lock);
}

void crew_serve(Crew *crew, int rank) {
    for (int spins = 0;; spins++) {
        if (anything(crew)) {
            if (!run_errand(crew)) help(crew, rank);
            spins = 0;
        }
        if (spins < SPINS) {
            _mm_pause();
            continue;
        }
        acquire(&crew->lock);
        atomic_fetch_add(&crew->asleep, 1);
        while (!anything(crew)) sleep_until(&crew->called, &crew->lock);
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
    for (int rank = 0; rank < crew->ranks; rank++) {
        Run task = (atomic_load(&crew->own[rank].run) >> 32) + 1;
        Run begins = (Run)count * rank / crew->ranks, ends = (Run)count * (rank + 1) / crew->ranks;
        atomic_store(&crew->own[rank].run, task << 32 | ends << 16 | begins);
    }
    wake(crew);
    help(crew, 0);
    for (int spins = 0; atomic_load(&crew->done) < count; spins++) pass_time(spins);
}

void crew_send(Crew *crew, Errand *errand, void *data) {
    crew->errand = errand;
    crew->errand_data = data;
    atomic_store(&crew->errand_is, SENT);
    wake(crew);
}

void crew_await(Crew *crew) {
    if (atomic_load(&crew->errand_is) == NONE) return;
    run_errand(crew);
    for (int spins = 0; atomic_load(&crew->errand_is) != DONE; spins++) pass_time(spins);
    atomic_store(&crew->errand_is, NONE);
}

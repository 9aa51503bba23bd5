// Threads that help the one that asks, wherever they find the time.

#ifndef DITAR_CREW_H
#define DITAR_CREW_H

#include <stdint.h>

typedef struct Crew Crew;

// Does part `index` of something; `rank` is the thread's number, 0 that of the one that asks.
typedef void Work(void *data, int index, int rank);

// A crew of so many ranks, for ever. Ranks from 1 on have to be lent a thread by `crew_serve`.
Crew *crew_new(int ranks);

// Help as one of the ranks; never returns.
void crew_serve(Crew *crew, int rank);

// 1 without a crew.
int crew_ranks(const Crew *crew);

// The crew, where there is more to do than one thread does while others begin: about so many
// multiplications. Else null.
Crew *crew_if(Crew *crew, int64_t multiplications);

// Have parts 0 .. count - 1 (at most 60000) done, in any order; returns when all are. One thread at
// a time asks; without a crew it does all of them.
void crew_for(Crew *crew, int count, Work *work, void *data);

// Have something done by whichever helper is free first, beside all else; nothing more is sent before
// `crew_await` has returned. Who awaits what hasn't been begun does it himself.
typedef void Errand(void *data);
void crew_send(Crew *crew, Errand *errand, void *data);
void crew_await(Crew *crew);

#endif

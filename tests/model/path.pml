/*
 * The path of one job, as it is built.
 *
 * intake -> outbox -> two relays -> jobs topic (one partition) -> two processors, zombies among them
 *        -> results topic -> results consumer -> job row and notification; beside them the reconciler and stop marks.
 *
 * Every `atomic` option of the one loop is a step that nothing interrupts: a transaction, an append to Kafka, a write
 * to the blob store. Faults have budgets; `calm` ends them at any moment. Where no step is left, the system is quiet.
 *
 * Switches (-D):
 *   CRASHES  processors that die                REBALANCES partitions assigned anew; the old owner works on as a zombie
 *   RELAYS   relays that die between two steps  READERS    results consumers that die before they commit their offset
 *   LOSSES   times Kafka loses topics           RESENDS    records of a start that Kafka stores twice
 *   FAILS    attempts that fail and may be tried again
 *   STARTS   limits.starts                      KILLER     the job kills whoever works on it
 *   CHECK_BYTES  also ask that the bytes under a variant's id are those that its row describes
 *   COUNT_AGAIN  a naive design: a start carries no id, and is counted each time that it is applied
 *   REPLACE      a naive design: a blob that stands is replaced by whoever stores it again
 *   TWO_RELAYS   two relays side by side
 *   LANES        the jobs topic of the reconciler is another than that of the job (a second topic, place without topic)
 */
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef REBALANCES
#define REBALANCES 0
#endif
#ifndef RELAYS
#define RELAYS 0
#endif
#ifndef READERS
#define READERS 0
#endif
#ifndef LOSSES
#define LOSSES 0
#endif
#ifndef RESENDS
#define RESENDS 0
#endif
#ifndef FAILS
#define FAILS 0
#endif
#ifndef STARTS
#define STARTS 4
#endif
#define ATTEMPTS 2
#define LOG 7
#define RESULTS 14

#define PENDING 0
#define PROCESSING 1
#define COMPLETED 2
#define FAILED 3
#define ENDED (state >= COMPLETED)

#define STARTED 1
#define SUCCEEDED 2
#define RETRYABLE 3
#define REFUSED 4

/* PostgreSQL */
byte state = PENDING, attempt = 1, starts = 0, row_bytes = 0;
bool processor_lost = false, published = false;
byte place = 0;                    /* published_offset */
byte requests[3];                  /* messages in the outbox that ask for attempt 1, 2 */
byte ends = 0, notifications = 0;
byte counted = 0;                  /* a bit for each start's id that was counted */

/* Kafka: the jobs topic and the results topic, one partition each */
byte job_log[LOG], job_end = 0, job_committed = 0;
byte kind[RESULTS], of_attempt[RESULTS], told[RESULTS], result_end = 0, result_committed = 0;

/* The blob store: 0 no blob, else by which processor's engine; and the stop mark */
byte blob = 0;
bool mark = false;

/* Relays: 0 idle, 1 holds a message, 2 has sent it */
byte relay[2], relay_attempt[2], relay_place[2];

/* Processors: 0 idle, 1 has the event, 2 announced, 3 no mark seen, 4 stored, 5 knows its outcome, 6 reported */
byte at[2], his_attempt[2], his_offset[2], outcome[2], described[2];
bool member[2];                    /* whether what is in hand was dealt in the current generation */
byte owner = 0, position = 0, next_start = 0;

/* The results consumer: where it reads */
byte reading = 0;

/* The reconciler: what it saw */
byte looks = 1, look = 0, seen_place, seen_committed, seen_results;

bool calm = false;
byte n = 0;                        /* counts in loops */
byte crashes = CRASHES, rebalances = REBALANCES, relays = RELAYS, readers = READERS, losses = LOSSES, resends = RESENDS,
     fails = FAILS, kills = 0;

#ifdef LANES
#define VIEW_END 1
#define VIEW_COMMITTED 0
#else
#define VIEW_END job_end
#define VIEW_COMMITTED job_committed
#endif
#define PAST (place >= VIEW_END || place < VIEW_COMMITTED)

inline deal_anew(to) {
    owner = to; position = job_committed;
    member[0] = false; member[1] = false
}

inline lose_requests() {           /* the topic comes back empty, and so do the group's offsets */
    n = 0;
    do
    :: n < LOG -> job_log[n] = 0; n++
    :: else -> n = 0; break
    od;
    job_end = 0; job_committed = 0; position = 0; member[0] = false; member[1] = false
}

inline lose_results() {
    n = 0;
    do
    :: n < RESULTS -> kind[n] = 0; of_attempt[n] = 0; told[n] = 0; n++
    :: else -> n = 0; break
    od;
    result_end = 0; result_committed = 0; reading = 0;
    kills = 0                      /* bounds the model: the next deaths are told of again */
}

inline append_result(k, a, t) {
    kind[result_end] = k; of_attempt[result_end] = a; told[result_end] = t; result_end++
}

inline end_as(s) {
    assert(!ENDED);                /* a job ends once */
    state = s; ends++; notifications++;
    assert(ends == 1 && notifications == 1)
}

inline count_start(k) {            /* k: the id of the start */
    if
    :: ENDED || of_attempt[k] != attempt -> skip
#ifdef COUNT_AGAIN
    :: !ENDED && of_attempt[k] == attempt ->
#else
    :: !ENDED && of_attempt[k] == attempt && (counted & (1 << told[k])) -> skip
    :: !ENDED && of_attempt[k] == attempt && !(counted & (1 << told[k])) ->
#endif
        if
        :: starts >= STARTS -> processor_lost = true; end_as(FAILED)
        :: else -> state = PROCESSING; starts++; counted = counted | (1 << told[k])
        fi
    fi
}

inline apply(k) {
    if
    :: kind[k] == STARTED -> count_start(k)
    :: kind[k] == SUCCEEDED ->
        if
        :: !ENDED -> row_bytes = told[k]; end_as(COMPLETED)
        :: else
        fi
    :: kind[k] == RETRYABLE ->
        if
        :: ENDED || of_attempt[k] != attempt -> skip
        :: !ENDED && of_attempt[k] == attempt && attempt >= ATTEMPTS -> end_as(FAILED)
        :: !ENDED && of_attempt[k] == attempt && attempt < ATTEMPTS ->
            state = PENDING; attempt++; starts = 0; counted = 0; requests[attempt]++; published = false
        fi
    :: kind[k] == REFUSED ->
        if
        :: !ENDED && of_attempt[k] == attempt -> end_as(FAILED)
        :: else
        fi
    fi
}

inline relay_steps(r) {
    if
    :: relay[r] == 0 && requests[1] > (relay[1-r] && relay_attempt[1-r] == 1) -> relay[r] = 1; relay_attempt[r] = 1
    :: relay[r] == 0 && requests[2] > (relay[1-r] && relay_attempt[1-r] == 2) -> relay[r] = 1; relay_attempt[r] = 2
    :: relay[r] == 1 && job_end < LOG ->
        job_log[job_end] = relay_attempt[r]; relay_place[r] = job_end; job_end++; relay[r] = 2;
        printf("relay %d sends the request of attempt %d to offset %d\n", r, relay_attempt[r], relay_place[r])
    :: relay[r] == 2 ->
        requests[relay_attempt[r]]--;
        if
        :: !ENDED -> place = relay_place[r]; published = true
        :: else
        fi;
        relay[r] = 0; relay_attempt[r] = 0; relay_place[r] = 0;
        printf("relay %d settles, place %d\n", r, place)
    :: relay[r] && relays && !calm ->
        relays--; relay[r] = 0; relay_attempt[r] = 0; relay_place[r] = 0;
        printf("relay %d dies before it settles\n", r)
    fi
}
#define relay_can(r) ((relay[r] == 0 && (requests[1] > (relay[1-r] && relay_attempt[1-r] == 1) || \
                                         requests[2] > (relay[1-r] && relay_attempt[1-r] == 2))) || \
                      (relay[r] == 1 && job_end < LOG) || relay[r] == 2 || (relay[r] && relays && !calm))

inline lay_down(p) { at[p] = 0; his_attempt[p] = 0; his_offset[p] = 0; outcome[p] = 0; described[p] = 0; member[p] = false }

#define ROOM (result_end < RESULTS - 1)
#ifdef KILLER
#define MAY_TAKE (kills < 4 || mark)
#else
#define MAY_TAKE true
#endif
#define processor_can(p) ((at[p] == 0 && owner == p && position < job_end && MAY_TAKE) || (at[p] == 1 && ROOM) || \
                          (at[p] >= 2 && at[p] <= 4) || (at[p] == 5 && ROOM) || at[p] == 6 || \
                          (at[p] && crashes && !calm))

inline processor_steps(p) {
    if
    :: at[p] == 0 && owner == p && position < job_end && MAY_TAKE ->
        his_attempt[p] = job_log[position]; his_offset[p] = position; position++; member[p] = true; at[p] = 1;
        printf("processor %d takes the request at offset %d\n", p, his_offset[p])
    :: at[p] == 1 && ROOM ->
        append_result(STARTED, his_attempt[p], next_start);
        if
        :: resends && !calm ->
            resends--; append_result(STARTED, his_attempt[p], next_start); printf("the next record is stored twice\n")
        :: true
        fi;
        if
        :: next_start < 7 -> next_start++
        :: else
        fi;
        at[p] = 2; printf("processor %d reports a start\n", p)
    :: at[p] == 2 ->
        if
        :: mark -> outcome[p] = REFUSED; at[p] = 5; printf("processor %d sees the stop mark\n", p)
        :: else -> at[p] = 3
        fi
    :: at[p] == 3 ->
#ifdef KILLER
        kills++; lay_down(p); deal_anew(1-p); printf("the job kills processor %d\n", p)
#else
        if
        :: true ->
#ifdef REPLACE
            blob = p + 1; described[p] = p + 1;
#else
            if
            :: blob == 0 -> blob = p + 1
            :: else
            fi;
            described[p] = blob;     /* what stands is described */
#endif
            outcome[p] = SUCCEEDED; at[p] = 5; printf("processor %d stores the variant\n", p)
        :: fails && !calm -> fails--; outcome[p] = RETRYABLE; at[p] = 5; printf("processor %d fails\n", p)
        fi
#endif
    :: at[p] == 5 && ROOM ->
        append_result(outcome[p], his_attempt[p], described[p]); at[p] = 6;
        printf("processor %d reports outcome %d\n", p, outcome[p])
    :: at[p] == 6 ->
        if
        :: member[p] && job_committed <= his_offset[p] ->
            do
            :: job_committed <= his_offset[p] -> job_log[job_committed] = 0; job_committed++
            :: else -> break
            od;
            printf("processor %d acknowledges\n", p)
        :: else
        fi;
        lay_down(p)
    :: at[p] && crashes && !calm ->
        crashes--; printf("processor %d dies at %d\n", p, at[p]); lay_down(p);
        if
        :: owner == p -> deal_anew(1-p)
        :: else
        fi
    fi
}

active proctype system() {
    requests[1] = 1;               /* intake: the job and its event are one transaction */
    do
    :: atomic { relay_can(0) -> relay_steps(0) }
#ifdef TWO_RELAYS
    :: atomic { relay_can(1) -> relay_steps(1) }
#endif
    :: atomic { processor_can(0) -> processor_steps(0) }
    :: atomic { processor_can(1) -> processor_steps(1) }
    :: atomic { rebalances && !calm && job_end > 0 ->
        rebalances--; deal_anew(1 - owner); printf("the partition goes to processor %d\n", owner) }

    /* the results consumer: transaction, then offset */
    :: atomic { reading < result_end ->
        apply(reading); printf("result %d applied: state %d, starts %d\n", reading, state, starts); reading++ }
    /* the cleaner, whenever it gets to it: its row was committed with the end, so no crash loses the mark */
    :: atomic { processor_lost && !mark -> mark = true; printf("the stop mark is written\n") }
    :: atomic { result_committed < reading ->
        do                         /* what nobody will read again is blanked: fewer states that differ in nothing */
        :: result_committed < reading ->
            kind[result_committed] = 0; of_attempt[result_committed] = 0; told[result_committed] = 0; result_committed++
        :: else -> break
        od }
    :: atomic { readers && !calm && reading > result_committed ->
        readers--; reading = result_committed; printf("the results consumer dies before its offset is committed\n") }

    /* Kafka loses everything, or one topic */
    :: atomic { losses && !calm && job_end + result_end > 0 ->
        losses--;
        if
        :: true -> lose_requests(); printf("Kafka loses the requests\n")
        :: true -> lose_results(); printf("Kafka loses the results\n")
        :: true -> lose_requests(); lose_results(); printf("Kafka loses everything\n")
        fi }

    /* the reconciler; free to look once at any time, and whenever it would find something */
    :: atomic { look == 0 && !ENDED && published && (looks || PAST) ->
        if
        :: looks -> looks--
        :: else
        fi;
        seen_place = place; look = 1 }
    :: atomic { look == 1 -> seen_committed = VIEW_COMMITTED; look = 2 }
    :: atomic { look == 2 ->
        if
        :: seen_place >= VIEW_END || seen_place < seen_committed -> look = 3
        :: else -> look = 0; seen_place = 0; seen_committed = 0
        fi }
    :: atomic { look == 3 -> seen_results = result_end; look = 4 }
    :: atomic { look == 4 && result_committed >= seen_results -> look = 5 }
    :: atomic { look == 4 && result_end < seen_results -> look = 0; seen_place = 0; seen_committed = 0; seen_results = 0 }
    :: atomic { look == 5 ->
        if
        :: !ENDED && published && place == seen_place ->
            requests[attempt]++; published = false; printf("the reconciler asks again for attempt %d\n", attempt)
        :: else
        fi;
        look = 0; seen_place = 0; seen_committed = 0; seen_results = 0 }

    :: atomic { !calm -> calm = true }
    :: else -> break
    od;
    /* quiet */
    printf("quiet: state %d, attempt %d\n", state, attempt);
    assert(job_end < LOG && ROOM);                   /* the model's own bounds were not what stopped it */
    assert(ENDED && ends == 1 && notifications == 1); /* never lost, announced */
#ifdef KILLER
    assert(state == FAILED && processor_lost && mark)  /* and nobody will begin it again */
#endif
}

#ifdef CHECK_BYTES
#define bytes_as_told (state != COMPLETED || blob == row_bytes)
#else
#define bytes_as_told true
#endif
#ifdef KILLER
#define sound true
#else
#define sound (!processor_lost)
#endif
/* a completed job's variant is there; and, where asked for, what its row says; a sound job is not given up as a killer */
active proctype watch() { atomic { !( (state != COMPLETED || blob) && bytes_as_told && sound ) -> assert(false) } }

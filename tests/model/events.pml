/*
 * Who is told, and what is kept ready to be sent. Four small worlds, one for each -D:
 *
 * ORDER   a job's events are written in this order: started (1), progress (2), completed (3). Two relays carry them to the topic, each may die after it has sent and before it has settled; a consumer follows
 *   AS_TAKEN      the consumer believes what comes last
 *   KEY_ORDER     a relay takes an event only when no older one of its job is in the outbox; the consumer as above
 *   else          an event carries the job's sequence number, given under the job's lock; the consumer skips what is
 *                 not newer than what it has seen
 *
 * FEED    a listener resumes after the id it has seen last; two transactions get the ids 1 and 2, and commit in any order
 *   BY_ID         it reads what has a greater id
 *   else          it reads no further than the oldest transaction that was still open (its snapshot's xmin)
 *
 * HOOK    each event is delivered to an endpoint at least once; Kafka may lose the topic once
 *   FROM_TOPIC    a consumer group reads the topic and writes the deliveries
 *   else          whoever settles the outbox row writes the deliveries in the same transaction
 *
 * CACHE   an answer is built from a remembered row, and is itself remembered; each for BOUND ticks. The image is deleted.
 *   FROM_FILLING  an answer's time counts from when it is kept
 *   else          it counts from when the row was read that it was built from
 */
#if defined(ORDER)
#define EVENTS 3
bool outbox[4], held[4];
byte written = 0, dies = 1, seen = 0, believed = 0, over = 0;
chan topic = [8] of { byte };

proctype job() {                    /* each event is a transaction */
    atomic { written = 1; outbox[1] = true };
    atomic { written = 2; outbox[2] = true };
    atomic { written = 3; outbox[3] = true }
}

#ifdef KEY_ORDER
#define FREE(e) (outbox[e] && !held[e] && (e < 2 || !outbox[1]) && (e < 3 || !outbox[2]))
#else
#define FREE(e) (outbox[e] && !held[e])
#endif

proctype relay(byte me) {
    byte e;
    do
    :: atomic { FREE(1) -> e = 1; held[1] = true }; goto send
    :: atomic { FREE(2) -> e = 2; held[2] = true }; goto send
    :: atomic { FREE(3) -> e = 3; held[3] = true }; goto send
    :: written == EVENTS && !outbox[1] && !outbox[2] && !outbox[3] -> break
    od;
    goto done;
send:
    topic ! e; printf("relay %d sends event %d\n", me, e);
    if
    :: atomic { outbox[e] = false; held[e] = false }
    :: atomic { dies -> dies--; held[e] = false; printf("relay %d dies before it settles\n", me) }
    fi;
    e = 0;
    do
    :: atomic { FREE(1) -> e = 1; held[1] = true }; goto send
    :: atomic { FREE(2) -> e = 2; held[2] = true }; goto send
    :: atomic { FREE(3) -> e = 3; held[3] = true }; goto send
    :: written == EVENTS && !outbox[1] && !outbox[2] && !outbox[3] -> break
    od;
done:
    over++
}

init {
    byte e;
    atomic { run job(); run relay(0); run relay(1) };
    do
    :: topic ? e ->
        if
#if defined(AS_TAKEN) || defined(KEY_ORDER)
        :: true -> believed = e
#else
        :: e > seen -> seen = e; believed = e
        :: else
#endif
        fi
    :: over == 2 && empty(topic) -> break
    od;
    assert(believed == 3)           /* who followed the events knows how the job has ended */
}

#elif defined(FEED)
bool committed[3], told[3];
byte next = 1, over = 0, last = 0;

proctype writer() {
    byte id;
    atomic { id = next; next++; printf("a transaction gets id %d\n", id) };
    atomic { committed[id] = true; printf("id %d is committed\n", id) };
    over++
}

inline tell(e) { assert(!told[e]); told[e] = true; last = e; printf("the listener is told of %d\n", e) }

init {
    atomic { run writer(); run writer() };
    do
#ifdef BY_ID
    :: atomic { last < 1 && committed[1] -> tell(1) }
    :: atomic { last < 2 && committed[2] && !(last < 1 && committed[1]) -> tell(2) }
#else
    :: atomic { last < 1 && committed[1] -> tell(1) }
    :: atomic { last < 2 && committed[2] && committed[1] && told[1] -> tell(2) }
#endif
    :: over == 2 && last == 2 -> break
    od;
    assert(told[1] && told[2])      /* no gap; `tell` sees to it that nothing is repeated */
}

#elif defined(HOOK)
bool outbox = true, in_topic = false, delivery = false, settled = false;
byte losses = 1, dies = 2;

active proctype world() {
    do
    :: atomic { outbox && !in_topic -> in_topic = true; printf("the relay sends the event\n") }
    :: atomic { outbox && in_topic && dies -> dies--; in_topic = false; printf("it dies before it settles; what it sent is lost too\n") }
    :: atomic { outbox && in_topic -> outbox = false; settled = true; printf("the relay settles\n");
#ifndef FROM_TOPIC
        delivery = true;            /* INSERT INTO deliveries ... ON CONFLICT DO NOTHING, beside DELETE FROM outbox */
#endif
        skip }
#ifdef FROM_TOPIC
    :: atomic { in_topic && !delivery -> delivery = true; printf("the consumer group writes the delivery\n") }
#endif
    :: atomic { losses && in_topic && settled -> losses--; in_topic = false; printf("Kafka loses the topic\n") }
    :: else -> break
    od;
    assert(delivery)
}

#elif defined(CACHE)
#define BOUND 2
#define NEVER 99
byte now = 0, deleted = NEVER, row_read = NEVER, building = NEVER, kept = NEVER;

active proctype world() {
    do
    :: atomic { now < 3 * BOUND -> now++; printf("tick %d\n", now) }
    :: atomic { deleted == NEVER -> deleted = now; printf("deleted\n") }
    :: atomic { deleted == NEVER && (row_read == NEVER || now >= row_read + BOUND) -> row_read = now; printf("row read\n") }
    :: atomic { building == NEVER && row_read != NEVER && now < row_read + BOUND ->
        building = row_read; printf("an answer is begun from the remembered row\n") }
    :: atomic { building != NEVER ->        /* its bytes took as long as they took */
#ifdef FROM_FILLING
        kept = now;
#else
        kept = building;
#endif
        building = NEVER; printf("the answer is kept\n") }
    :: atomic { kept != NEVER && now < kept + BOUND ->
        assert(deleted == NEVER || now <= deleted + BOUND) }     /* served */
    :: else -> break
    od
}
#endif

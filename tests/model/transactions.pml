/*
 * What two transactions at once do to each other in PostgreSQL, READ COMMITTED.
 *
 * A statement sees what was committed when it began; a row lock waits for the other's commit and then sees the row anew,
 * but nothing else. Three small worlds, one for each -D:
 *
 * BATCH   two jobs, the last of a batch, end at once in two transactions (results of two partitions; a cancel)
 *   COUNT_INSIDE  each counts the unfinished jobs before it commits, and announces the batch when there is none
 *   COUNT_AFTER   each counts after its commit, in a transaction of its own; its process may die in between
 *   else          each takes one from a counter in the batch's row, in the same transaction; who makes it 0 announces
 *
 * DELETE  an original is deleted while its job succeeds
 *   ONE_STATEMENT one statement locks and ends the job, and marks the rows that it sees
 *   FOR_UPDATE    it locks the original so that even foreign keys wait: a result, which holds the job, waits for it
 *   else          the first statements lock the original (FOR NO KEY UPDATE), then its jobs; those after them look for
 *                 rows to mark
 *
 * ACCEPT  a job is accepted while its original is deleted
 *   FOREIGN_KEY   the insert relies on its foreign key (KEY SHARE, which a mark on the row does not wait for)
 *   else          the insert takes the original's row FOR SHARE and looks whether it is marked
 */
#if defined(BATCH)
bool ended[2];                      /* committed */
bool dies = true;
byte counter = 2, batch_lock = 2, announced = 0, over = 0;

proctype ends_job(byte me) {
    bool left;
#if defined(COUNT_INSIDE)
    left = !ended[1-me];            /* a statement: what the other has not committed is unfinished */
    atomic { ended[me] = true;
        if
        :: !left -> announced++; printf("transaction %d announces the batch\n", me)
        :: else -> printf("transaction %d sees the other job unfinished\n", me)
        fi };
#elif defined(COUNT_AFTER)
    ended[me] = true; printf("transaction %d commits\n", me);
    if
    :: atomic { dies -> dies = false; printf("process %d dies\n", me) }
    :: left = !ended[1-me];
        if
        :: !left -> announced++; printf("process %d announces the batch\n", me)
        :: else
        fi
    fi;
#else
    atomic { batch_lock == 2 -> batch_lock = me };  /* UPDATE batches: waits for the other's commit, reads the row anew */
    left = (counter > 1);
    atomic { counter--; ended[me] = true; batch_lock = 2;
        if
        :: !left -> announced++; assert(ended[0] && ended[1]); printf("transaction %d announces the batch\n", me)
        :: else
        fi };
#endif
    over++
}

init {
    atomic { run ends_job(0); run ends_job(1) };
    over == 2; assert(announced == 1)
}

#elif defined(DELETE)
#ifdef FOR_UPDATE
#define KEY_FREE (!original_locked)
#else
#define KEY_FREE true               /* KEY SHARE does not wait for NO KEY UPDATE */
#endif
bool original_locked = false, job_open = true, job_locked = false, row = false, row_marked = false, original_marked = false;
byte over = 0;

proctype result() {
    atomic { !job_locked -> job_locked = true };
    if
    :: job_open -> atomic { KEY_FREE -> row = true; job_open = false; job_locked = false; printf("result: job completed, row of its variant added\n") }
    :: else -> atomic { job_locked = false; printf("result: comes too late, ignored\n") }
    fi;
    over++
}

proctype delete() {
    bool sees_row;
#ifdef ONE_STATEMENT
    sees_row = row;                 /* the statement's snapshot is older than its wait for the lock */
    printf("delete: its statement begins, sees a row of the variant: %d\n", sees_row);
    atomic { !job_locked -> job_locked = true };
#else
    original_locked = true; printf("delete: holds the original\n");
    atomic { !job_locked -> job_locked = true };
    sees_row = row;
#endif
    atomic { original_marked = true; original_locked = false; job_open = false; job_locked = false; row_marked = sees_row; printf("delete: committed\n") };
    over++
}

init {
    atomic { run result(); run delete() };
    do
    :: over == 2 -> break
    :: timeout -> printf("deadlock\n"); assert(over == 2)
    od;
    assert(original_marked && !job_open && row == row_marked)  /* no living variant of a deleted original */
}

#elif defined(ACCEPT)
bool marked = false, share = false, update = false, job_there = false, job_cancelled = false, refused = false;
byte over = 0;

proctype accept() {
#ifdef FOREIGN_KEY
    if
    :: !marked -> printf("accept: sees the original\n"); job_there = true; printf("accept: committed\n")
    :: else -> refused = true
    fi;
#else
    atomic { !update -> share = true };
    if
    :: !marked -> atomic { job_there = true; share = false; printf("accept: committed\n") }
    :: else -> refused = true; share = false
    fi;
#endif
    over++
}

proctype delete() {
    bool sees_job;
#ifdef FOREIGN_KEY
    sees_job = job_there; printf("delete: sees a job to cancel: %d\n", sees_job);
#else
    atomic { !update && !share -> update = true };
    sees_job = job_there;
#endif
    atomic { marked = true; job_cancelled = sees_job; update = false; printf("delete: committed\n") };
    over++
}

init {
    atomic { run accept(); run delete() };
    over == 2; assert(job_there == job_cancelled && (job_there || refused)) /* no job goes on with a deleted original */
}
#endif

/*
 * The lease, its epoch and two nodes that may be suspended at any step, over time that goes on regardless.
 *
 * What must hold: whoever puts bytes on the wire owns the shard at that moment, at the epoch that it believes in.
 * A node that counts its deadline from when it *asked* keeps this. Built with -DBROKEN it counts from when the answer
 * came, and built with -DUNRECONCILED it sends before the sends of earlier owners are recorded: both must be refuted.
 *
 * One tick is a renewal interval. Suspension needs no process of its own: a node that is not scheduled is suspended.
 */

#define NODES 2
#define TTL 3
#define EPOCHS 4    /* claims and ... */
#define RENEWALS 4  /* ... renewals that are explored */
#define NOBODY 99

/* Postgres */
byte epoch = 0;
byte owner = NOBODY;
byte lease = 0;           /* ticks that the owner is promised */
byte renewals = 0;
byte sending = 0;         /* epoch of a send whose intent is recorded and whose outcome is not; 0: none */
byte uncertain = 0;       /* sends that were recorded as uncertain */

/* what each node believes */
byte mine[NODES];         /* its epoch; 0: none */
byte right[NODES];        /* ticks for which it may still send */
byte asked[NODES];        /* ticks for which a promise would last if it were given now, counted from the asking */
bool reconciled[NODES];

inline ask(n) {
    asked[n] = TTL
}

inline answer(n) {
#ifdef BROKEN
    right[n] = TTL
#else
    right[n] = asked[n]
#endif
}

proctype node(byte n) {
    bool granted;
    do
    :: d_step { mine[n] == 0 && epoch < EPOCHS -> ask(n) };
       /* claim: in Postgres, atomically, and only when the time of the last owner is over */
       atomic {
           if
           :: lease == 0 -> epoch = epoch + 1; owner = n; lease = TTL; granted = true
           :: else -> granted = false
           fi
       };
       if
       :: granted -> d_step { mine[n] = epoch; reconciled[n] = false; answer(n) }
       :: else -> skip
       fi

    :: d_step { mine[n] != 0 && renewals < RENEWALS -> renewals++; ask(n) };
       atomic {
           if
           :: owner == n && epoch == mine[n] -> lease = TTL; granted = true
           :: else -> granted = false
           fi
       };
       d_step {
           if
           :: granted -> answer(n)
           :: else -> mine[n] = 0; right[n] = 0
           fi
       }

    :: d_step { mine[n] != 0 && !reconciled[n] ->
           /* what earlier owners had under way is in doubt from here on */
           if
           :: sending != 0 && sending < mine[n] -> sending = 0; uncertain = 1
           :: else -> skip
           fi;
           reconciled[n] = true
       }

#ifdef UNRECONCILED
    :: d_step { mine[n] != 0 && right[n] > 0 && owner == n && epoch == mine[n] ->
#else
    :: d_step { mine[n] != 0 && right[n] > 0 && owner == n && epoch == mine[n] && reconciled[n] ->
#endif
           /* the intent, a write that Postgres fences by the epoch */
           assert(sending == 0);
           sending = mine[n]
       };
       /* suspended here for any time, then the gate: the last look at the clock before the bytes leave */
       atomic {
           if
           :: mine[n] != 0 && right[n] > 0 -> assert(owner == n && epoch == mine[n] && lease > 0)
           :: else -> skip
           fi
       };
       d_step {
           /* the outcome, fenced too */
           if
           :: owner == n && epoch == mine[n] && sending == mine[n] -> sending = 0
           :: else -> skip
           fi
       }

    :: d_step { mine[n] != 0 && right[n] == 0 -> mine[n] = 0 }

    :: d_step { mine[n] != 0 && sending != mine[n] ->
           /* hand-off: first ours no more, then the row */
           if
           :: owner == n && epoch == mine[n] -> lease = 0; owner = NOBODY
           :: else -> skip
           fi;
           mine[n] = 0; right[n] = 0
       }
    od
}

/* Time passes for the store and for both nodes alike, whether they are awake or not. */
active proctype clock() {
    byte n;
    do
    :: d_step {
           if
           :: lease > 0 -> lease--
           :: else -> skip
           fi;
           n = 0;
           do
           :: n < NODES ->
               if
               :: right[n] > 0 -> right[n]--
               :: else -> skip
               fi;
               if
               :: asked[n] > 0 -> asked[n]--
               :: else -> skip
               fi;
               n++
           :: else -> break
           od
       }
    od
}

init {
    atomic {
        run node(0);
        run node(1)
    }
}

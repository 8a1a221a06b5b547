/* The hand and the probes: who they are, and their channels. */
#ifndef TARGETS_H
#define TARGETS_H
#include <stdint.h>
#include <sys/types.h>
#include "wire.h"

struct target {
    int fd;               /* its channel, -1 if there is none */
    pid_t pid;            /* 0 if the slot is free */
    uint32_t pending;     /* the sequence of the request that it works on, 0 if none */
    int traced;           /* seized by ptrace */
    int held;             /* stops at its exec */
    int recording;        /* its system calls are recorded */
};

extern struct target targets[TARGET_LIMIT];

void open_targets(void);                         /* there is none yet */
struct target *live_target(int64_t number);      /* NULL if there is none of that number */
struct target *free_target(int64_t number);      /* for a probe; NULL if the number is taken or is none */
void close_target(struct target *target);        /* its slot is free */

/* A channel for a target that is about to be born: the agent's end, the target's. 0, or -1 with errno. */
int open_pair(int pair[2]);
/* The socket that a probe's forks connect to, -1 with errno. */
int listen_for_forks(void);
void accept_fork(int listener);

#endif

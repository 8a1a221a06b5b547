/* The agent's parts: children and their exits, samples, pages, traces, the start of a guest. */
#ifndef AGENT_H
#define AGENT_H
#include "operation.h"
#include <sys/types.h>

struct target {
    int fd;               /* its channel, -1 if there is none */
    pid_t pid;            /* 0 if the slot is free */
    uint32_t pending;     /* the sequence of the request that it works on, 0 if none */
    int traced;           /* seized by ptrace */
    int held;             /* stops at its exec */
    int recording;        /* its system calls are recorded */
};

/* What goes to Python. */
struct frame {
    struct reply head;
    char text[TEXT_LIMIT];
};

extern struct target targets[TARGET_LIMIT];
extern int channel;       /* to Python */

void lock_own_memory(void);
void to_python(const struct reply *head);    /* and the text behind it */

/* children.c */
int start_hand(void);
int listen_for_forks(void);
void accept_fork(int listener);
void spawn(struct call *call);
void signal_target(struct call *call);
void reap(void);
void target_closed(unsigned number);

/* sampling.c */
void watch(struct call *call);
void unwatch(struct call *call);
size_t sample(int set, uint64_t began, char *out, size_t limit);
void set_series(struct call *call);
int64_t until_next_sample(void);    /* ns, -1 if no series runs */
void sample_series(void);
void flush_series(void);            /* what of it waits goes to Python */
void touch_series(void);            /* its room is resident from now on */

/* pages.c */
void pages(struct call *call);

/* trace.c */
void trace(struct call *call);
void release(struct call *call);
int hold_at_exec(struct target *target);
void traced_stop(struct target *target, int status);

/* init.c */
void insert_modules(void);
int start_guest(void);              /* mounts, modules, the port: the channel's descriptor, -1 on failure */

#endif

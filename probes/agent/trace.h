/* Traced targets, as their parents meet them. */
#ifndef TRACE_H
#define TRACE_H
#include "targets.h"

/* Seizes a child that waits before its exec: 0 or an errno. */
int hold_at_exec(struct target *target);
/* A target has stopped, by this wait status. */
void traced_stop(struct target *target, int status);

#endif

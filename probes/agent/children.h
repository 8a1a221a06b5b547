/* Processes that the agent has started, and those that they have. */
#ifndef CHILDREN_H
#define CHILDREN_H

/* For a child, before it becomes what it is to be: what it inherits from the agent and must not have. */
void restore_signals(void);
void set_oom_score_adj(const char *value);

void reap(void);                          /* tells Python of all that have ended */
void target_closed(unsigned number);      /* its channel has: tells Python of its end */

#endif

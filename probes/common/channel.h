/* Channels between the agent, its hand and the probes: stream sockets. */
#ifndef CHANNEL_H
#define CHANNEL_H
#include <stddef.h>

struct sockaddr_un;

/* Reads or writes all of it: 0, or -1 with errno (EPIPE at the end of the channel). */
int read_all(int fd, void *data, size_t size);
int write_all(int fd, const void *data, size_t size);

/* The agent that a probe belongs to: a fork finds it by its pid. */
extern int agent_pid;
/* The abstract address of the listening socket of an agent, and its size. */
unsigned agent_address(struct sockaddr_un *address, int agent);
/* A forked child's way to the agent: a channel of its own, announced as `target`. -1 with errno. */
int join_agent(unsigned target);

#endif

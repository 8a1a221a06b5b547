/* How an operation is written: one function that reads its call and sets a value or an error. */
#ifndef OPERATION_H
#define OPERATION_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "wire.h"

struct call {
    const struct request *request;
    char *text;          /* the request's text, with a zero behind it */
    char *out;           /* room for the reply's text */
    size_t out_limit;
    size_t out_size;
    int64_t value;
    int error;           /* errno; a value is only valid while this is 0 */
    int channel;         /* where the next request arrives: operations without an end look there */
};

typedef void operation(struct call *call);

/* The operation of a number, NULL if there is none that a probe or the hand carries out. */
operation *find_operation(unsigned number);

/* Carries out one request and fills the reply's fields, except for its text. */
void carry_out(const struct request *request, char *text, char *out, size_t limit, int channel,
               struct reply *reply);

/* Reads or writes all of it: 0, or -1 with errno (EPIPE at the end of the channel). */
int read_all(int fd, void *data, size_t size);
int write_all(int fd, const void *data, size_t size);
uint64_t clock_ns(void);

/* The loop of a probe or the hand: requests from the channel until it closes. */
void serve(int channel);

/* A forked child's way to the agent: a channel of its own, announced as `target`. -1 with errno. */
int join_agent(unsigned target);
/* The abstract address of the agent's listening socket, of process `agent`. */
struct sockaddr_un;
unsigned agent_address(struct sockaddr_un *address, int agent);
extern int agent_pid;

static inline int64_t arg(const struct call *call, int index)
{
    return call->request->argument[index];
}

static inline void *address(const struct call *call, int index)
{
    return (void *)(uintptr_t)call->request->argument[index];
}

/* The text behind the first string of the text: paths are separated by zeros. */
static inline char *second(const struct call *call)
{
    size_t first = strlen(call->text) + 1;
    return first > call->request->text ? call->text + call->request->text : call->text + first;
}

static inline void fail(struct call *call, int error)
{
    call->error = error;
}

/* What a system call returned: -1 is an error, all else a value. */
static inline void returned(struct call *call, int64_t value)
{
    if (value == -1)
        call->error = errno;
    else
        call->value = value;
}

#endif

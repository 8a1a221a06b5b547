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
    void (*serve)(int channel);   /* the loop that called: a forked child goes on with it, on a channel of its own */
};

typedef void operation(struct call *call);

#define DECLARE(name) operation op_##name;
OPERATIONS(DECLARE)
#undef DECLARE

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

/* What a call returned that gives an address or (void *)-1: on 32 bits the upper half of all addresses is negative. */
static inline void returned_address(struct call *call, const void *at)
{
    if ((intptr_t)at == -1)
        call->error = errno;
    else
        call->value = (int64_t)(uintptr_t)at;
}

/* Says whether a number of bytes is more than this machine has addresses for: cut to 32 bits it would be another request. */
static inline int too_long(struct call *call, int64_t bytes)
{
    if (bytes < 0 || (uint64_t)bytes <= SIZE_MAX)
        return 0;
    fail(call, ENOMEM);
    return 1;
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

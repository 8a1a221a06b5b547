/* An input of the fuzzer's, as what comes out of a channel. */
#ifndef INPUT_H
#define INPUT_H
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include "operation.h"

/* A pipe holds it all: nobody need read while it is written. */
enum { LONGEST_INPUT = 4096 };
/* Bytes of most replies: all that there is room for takes a thousand times as long. */
enum { SHORT = 64 };

/* Writes it to a channel whose other end reads nothing meanwhile. */
static inline void put_input(int fd, const uint8_t *data, size_t size)
{
    if (write(fd, data, size) != (ssize_t)size)
        abort();
}

/* An operation that acts on nothing: it looks at all that one may look at, and answers as one may answer. */
static inline void act_on_nothing(struct call *call, size_t most)
{
    unsigned sum = 0;
    for (size_t i = 0; i <= call->request->text; i++)
        sum += (unsigned char)call->text[i];
    sum += (unsigned)strlen(second(call));
    most = most < call->out_limit ? most : call->out_limit;
    if (arg(call, 3) & 0xff)
        most &= SHORT - 1;
    call->out_size = (uint64_t)arg(call, 0) % (most + 1);
    memset(call->out, 1, call->out_size);
    call->value = arg(call, 1) ^ (int64_t)sum;
    if (arg(call, 2) & 1)
        fail(call, EINVAL);
}

#endif

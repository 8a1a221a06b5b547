/* The allocator of the C library, and the kernel call below it. */
#include "operation.h"
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void allocated(struct call *call, void *block)
{
    if (block)
        call->value = (int64_t)(uintptr_t)block;
    else
        fail(call, errno ? errno : ENOMEM);
}

void op_malloc(struct call *call)
{
    if (!too_long(call, arg(call, 0)))
        allocated(call, malloc((size_t)arg(call, 0)));
}

void op_calloc(struct call *call)
{
    allocated(call, calloc((size_t)arg(call, 0), (size_t)arg(call, 1)));
}

void op_realloc(struct call *call)
{
    if (!too_long(call, arg(call, 1)))
        allocated(call, realloc(address(call, 0), (size_t)arg(call, 1)));
}

void op_free(struct call *call)
{
    free(address(call, 0));
}

void op_malloc_trim(struct call *call)
{
    call->value = malloc_trim((size_t)arg(call, 0));
}

void op_mallopt(struct call *call)
{
    call->value = mallopt((int)arg(call, 0), (int)arg(call, 1));
}

/* The bare system call: it returns the end of the heap whether or not it could move it. */
void op_brk(struct call *call)
{
    returned_address(call, (void *)syscall(SYS_brk, address(call, 0)));
}

void op_sbrk(struct call *call)
{
    returned_address(call, sbrk((intptr_t)arg(call, 0)));
}

/* Many blocks, none of them touched; their addresses are the reply's text, not a list inside the blocks. */
void op_malloc_many(struct call *call)
{
    size_t count = (size_t)arg(call, 0), size = (size_t)arg(call, 1);
    uint64_t *blocks = (uint64_t *)call->out;
    if (count * 8 > call->out_limit)
        return fail(call, E2BIG);
    for (size_t i = 0; i < count; i++) {
        blocks[i] = (uint64_t)(uintptr_t)malloc(size);
        if (!blocks[i])
            return fail(call, errno);
    }
    call->out_size = count * 8;
    call->value = (int64_t)count;
}

void op_free_many(struct call *call)
{
    const uint64_t *blocks = (const uint64_t *)call->text;
    size_t count = call->request->text / 8;
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)blocks[i]);
    call->value = (int64_t)count;
}

struct order { size_t count, size, made; uint64_t *addresses; sem_t done; };

/* What it allocates comes from its own arena, which stays in use while it lives. GCC's analyser takes the blocks for lost where
 * the thread waits for ever; the reply has their addresses, to be freed by other operations. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
static void *allocate_and_wait(void *what)
{
    struct order *order = what;
    for (; order->made < order->count; order->made++) {
        uint64_t address = (uint64_t)(uintptr_t)malloc(order->size);
        if (!address)
            break;
        order->addresses[order->made] = address;
    }
    sem_post(&order->done);
    for (;;)
        pause();
    return NULL;
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/* count, size: a new thread allocates the blocks and stays. Value is how many, the reply's text their addresses. */
void op_malloc_on_thread(struct call *call)
{
    struct order order = { .count = (size_t)arg(call, 0), .size = (size_t)arg(call, 1),
                           .addresses = (uint64_t *)call->out };
    pthread_t thread;
    if (order.count * 8 > call->out_limit)
        return fail(call, E2BIG);
    sem_init(&order.done, 0, 0);
    int error = pthread_create(&thread, NULL, allocate_and_wait, &order);
    if (error)
        return fail(call, error);
    while (sem_wait(&order.done) < 0)
        continue;
    if (order.made < order.count)
        return fail(call, ENOMEM);
    call->value = (int64_t)order.made;
    call->out_size = order.made * 8;
}

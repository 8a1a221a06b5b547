/* Mappings, and what is done to the memory in them. */
#include "operation.h"
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "pattern.h"

void op_mmap(struct call *call)
{
    if (!too_long(call, arg(call, 1)))
        returned_address(call, mmap(address(call, 0), (size_t)arg(call, 1), (int)arg(call, 2), (int)arg(call, 3),
                                    (int)arg(call, 4), (off_t)arg(call, 5)));
}

/* Maps of one length until `count` are there or one is refused: value is how many, the text their ends. */
void op_mmap_many(struct call *call)
{
    int64_t count = arg(call, 0), made = 0;
    uint64_t first = 0, last = 0;
    int refused = 0;
    for (; made < count; made++) {
        /* Alternating protections keep neighbours from becoming one mapping. */
        int protection = made % 2 ? (int)arg(call, 2) : PROT_READ;
        void *at = mmap(NULL, (size_t)arg(call, 1), protection, (int)arg(call, 3), -1, 0);
        if (at == MAP_FAILED) {
            refused = errno;
            break;
        }
        last = (uint64_t)(uintptr_t)at;
        first = first ? first : last;
    }
    memcpy(call->out, (uint64_t[]){first, last, (uint64_t)refused}, 24);
    call->out_size = 24;
    call->value = made;
}

void op_munmap(struct call *call)
{
    returned(call, munmap(address(call, 0), (size_t)arg(call, 1)));
}

void op_mprotect(struct call *call)
{
    returned(call, mprotect(address(call, 0), (size_t)arg(call, 1), (int)arg(call, 2)));
}

void op_madvise(struct call *call)
{
    returned(call, madvise(address(call, 0), (size_t)arg(call, 1), (int)arg(call, 2)));
}

/* The bare system call: glibc's function passes no new address unless it is told MREMAP_FIXED, and the kernel takes what stands
 * in its place for a hint with MREMAP_DONTUNMAP. */
void op_mremap(struct call *call)
{
    if (!too_long(call, arg(call, 2)))
        returned_address(call, (void *)syscall(SYS_mremap, address(call, 0), (size_t)arg(call, 1), (size_t)arg(call, 2),
                                               (int)arg(call, 3), address(call, 4)));
}

void op_msync(struct call *call)
{
    returned(call, msync(address(call, 0), (size_t)arg(call, 1), (int)arg(call, 2)));
}

/* One byte a page into the reply's text; value is how many are resident. */
void op_mincore(struct call *call)
{
    size_t pages = ((size_t)arg(call, 1) + page_size() - 1) / page_size(), resident = 0;
    if (pages > call->out_limit)
        return fail(call, E2BIG);
    if (mincore(address(call, 0), (size_t)arg(call, 1), (unsigned char *)call->out) < 0)
        return fail(call, errno);
    for (size_t i = 0; i < pages; i++)
        resident += call->out[i] & 1;
    call->out_size = pages;
    call->value = (int64_t)resident;
}

static int asked(int channel)
{
    struct pollfd waiting = { .fd = channel, .events = POLLIN };
    return poll(&waiting, 1, 0) > 0;
}

/* address, length, stride, access, rounds (-1: at least one, until the next request), pause between rounds in ns.
 * Writing keeps the content but makes a page non-zero; value is how many rounds were finished. It reads before it
 * writes (a locked `or` does so too under QEMU's TCG): a fresh page takes two faults, and one only by fill. */
void op_touch(struct call *call)
{
    volatile char *memory = address(call, 0);
    int64_t length = arg(call, 1), stride = arg(call, 2), rounds = arg(call, 4), pause = arg(call, 5);
    struct timespec nap = { .tv_sec = pause / 1000000000, .tv_nsec = pause % 1000000000 };
    if (stride <= 0)
        return fail(call, EINVAL);
    for (int64_t round = 0; rounds < 0 ? !round || !asked(call->channel) : round < rounds; round++) {
        for (int64_t at = 0; at < length; at += stride) {
            if (arg(call, 3) == ACCESS_WRITE)
                memory[at] |= 1;
            else
                (void)memory[at];
        }
        call->value = round + 1;
        if (pause)
            nanosleep(&nap, NULL);
    }
}

/* address, length, seed, first page of the pattern. */
void op_fill(struct call *call)
{
    pattern_fill(address(call, 0), (size_t)arg(call, 1), (uint64_t)arg(call, 2), (uint64_t)arg(call, 3));
}

void op_check(struct call *call)
{
    call->value = (int64_t)pattern_count(address(call, 0), (size_t)arg(call, 1), (uint64_t)arg(call, 2),
                                         (uint64_t)arg(call, 3));
}

void op_peek(struct call *call)
{
    size_t size = (size_t)arg(call, 1);
    if (size > call->out_limit)
        return fail(call, E2BIG);
    memcpy(call->out, address(call, 0), size);
    call->out_size = size;
    call->value = (int64_t)size;
}

void op_poke(struct call *call)
{
    memcpy(address(call, 0), call->text, call->request->text);
    call->value = call->request->text;
}

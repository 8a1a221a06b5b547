/* Samples: the text of every watched file, read through descriptors that stay open. */
#include "sampling.h"
#include <fcntl.h>
#include <unistd.h>
#include "agent.h"
#include "clock.h"
#include "output.h"

#define WATCHES 900   /* an open file each: a process may have 1,024 */

static struct { int fd, sets; } watches[WATCHES];
static int64_t interval, next;

void agent_unwatch(struct call *call)
{
    int64_t number = arg(call, 0);
    if (number < 1 || number >= WATCHES || !watches[number].sets)
        return fail(call, EINVAL);
    close(watches[number].fd);
    watches[number].sets = 0;
}

/* Files below /proc give a page or a record at a time: read on until there is no more. */
static void read_section(struct section *section, int fd, char *out, size_t limit)
{
    ssize_t got = 0;
    section->size = 0;
    section->error = 0;
    while (section->size < limit &&
           (got = pread(fd, out + section->size, limit - section->size, (off_t)section->size)) > 0)
        section->size += (uint64_t)got;
    if (got < 0)
        section->error = errno;
    else if (section->size == limit)
        section->error = EFBIG;
}

/* Text: path. number (1…), sets. Read once into nowhere: the buffer that the kernel keeps for an open file (of a page
 * or more, fs/seq_file.c) is there from now on, instead of from the first sample on. */
void agent_watch(struct call *call)
{
    int64_t number = arg(call, 0);
    struct section dry;
    if (number < 1 || number >= WATCHES || watches[number].sets)
        return fail(call, EINVAL);
    int fd = open(call->text, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(call, errno);
    read_section(&dry, fd, next_frame()->text, TEXT_LIMIT);
    watches[number].fd = fd;
    watches[number].sets = (int)arg(call, 1);
}

/* Two times (CLOCK_MONOTONIC ns, before and after), then the sections. The size of it all. The clock is looked at as
 * seldom as can be: without a TSC that can be relied on that is a system call and a device, in a guest a slow one. */
static size_t sample(int set, uint64_t began, char *out, size_t limit)
{
    uint64_t *times = (uint64_t *)out;
    size_t at = 2 * sizeof *times;
    times[0] = began;
    for (uint32_t i = 1; i < WATCHES; i++) {
        struct section *section = (struct section *)(out + at);
        if (!(watches[i].sets & set) || at + sizeof *section + 8 > limit)
            continue;
        section->watch = i;
        read_section(section, watches[i].fd, out + at + sizeof *section, limit - at - sizeof *section - 8);
        at += sizeof *section + (section->size + 7) / 8 * 8;
    }
    times[1] = clock_ns();
    return at;
}

/* The set. */
void agent_sample(struct call *call)
{
    call->out_size = sample((int)arg(call, 0), clock_ns(), call->out, call->out_limit);
}

/* interval in ns, 0: stop. */
void agent_series(struct call *call)
{
    interval = arg(call, 0);
    next = (int64_t)clock_ns();
}

int64_t until_next_sample(void)
{
    if (!interval)
        return -1;
    int64_t left = next - (int64_t)clock_ns();
    return left > 0 ? left : 0;
}

void sample_series(void)
{
    if (!interval)
        return;
    int64_t now = (int64_t)clock_ns();
    if (now < next)
        return;
    struct frame *frame = next_frame();
    const uint64_t *times = (const uint64_t *)frame->text;
    size_t size = sample(WATCH_SERIES, (uint64_t)now, frame->text, sizeof frame->text);
    frame->head = (struct reply){ .text = (uint32_t)size, .kind = KIND_SAMPLE, .began = times[0],
                                  .nanoseconds = times[1] - times[0] };
    next += interval;
    if (next < now)
        next = now + interval;   /* late: the rate is kept, what was missed is not made up for */
    to_python_in_time(frame, next);
}

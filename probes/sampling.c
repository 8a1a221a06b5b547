/* Samples: the text of every watched file, read through descriptors that stay open. */
#include "agent.h"
#include <fcntl.h>
#include <unistd.h>

#define WATCHES 256

static struct { int fd, sets; } watches[WATCHES];
static int64_t interval, next;
static char series[TEXT_LIMIT] __attribute__((aligned(4096)));

void unwatch(struct call *call)
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
void watch(struct call *call)
{
    int64_t number = arg(call, 0);
    struct section dry;
    if (number < 1 || number >= WATCHES || watches[number].sets)
        return fail(call, EINVAL);
    int fd = open(call->text, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(call, errno);
    read_section(&dry, fd, series, sizeof series);
    watches[number].fd = fd;
    watches[number].sets = (int)arg(call, 1);
}

/* Two times (CLOCK_MONOTONIC ns, before and after), then the sections. The size of it all. */
size_t sample(int set, char *out, size_t limit)
{
    uint64_t *times = (uint64_t *)out;
    size_t at = 2 * sizeof *times;
    times[0] = clock_ns();
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

/* interval in ns, 0: stop. */
void set_series(struct call *call)
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
    int64_t now = (int64_t)clock_ns();
    if (!interval || now < next)
        return;
    struct reply reply = { .kind = KIND_SAMPLE, .began = (uint64_t)now };
    reply.text = (uint32_t)sample(WATCH_SERIES, series, sizeof series);
    reply.nanoseconds = clock_ns() - reply.began;
    write_all(channel, &reply, sizeof reply);
    write_all(channel, series, reply.text);
    next += interval;
    if (next < now)
        next = now + interval;   /* late: the rate is kept, what was missed is not made up for */
}

/* Samples: the text of every watched file, read through descriptors that stay open. */
#include "agent.h"
#include <fcntl.h>
#include <unistd.h>

#define WATCHES 256
/* Samples of a series go to Python together, while the first of them is no older: each sending wakes Python, and in a
 * guest it waits for QEMU. A reply never overtakes one. */
#define OLDEST_NS 8000000
#define WAITING (TEXT_LIMIT / 4)

static struct { int fd, sets; } watches[WATCHES];
static int64_t interval, next;
/* Whole frames that wait, and room for the longest one behind them. */
static char series[WAITING + sizeof(struct frame)] __attribute__((aligned(4096)));
static size_t waiting;

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
    flush_series();
    read_section(&dry, fd, series, sizeof series);
    watches[number].fd = fd;
    watches[number].sets = (int)arg(call, 1);
}

/* Two times (CLOCK_MONOTONIC ns, before and after), then the sections. The size of it all. The clock is looked at as
 * seldom as can be: without a TSC that can be relied on that is a system call and a device, in a guest a slow one. */
size_t sample(int set, uint64_t began, char *out, size_t limit)
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

void touch_series(void)
{
    memset(series, 1, sizeof series);
}

void flush_series(void)
{
    write_all(channel, series, waiting);
    waiting = 0;
}

void sample_series(void)
{
    if (!interval)
        return;
    int64_t now = (int64_t)clock_ns();
    if (now < next)
        return;
    struct frame *frame = (struct frame *)(series + waiting);
    const uint64_t *times = (const uint64_t *)frame->text;
    size_t size = sample(WATCH_SERIES, (uint64_t)now, frame->text, sizeof frame->text);
    frame->head = (struct reply){ .text = (uint32_t)size, .kind = KIND_SAMPLE, .began = times[0],
                                  .nanoseconds = times[1] - times[0] };
    waiting += sizeof frame->head + size;
    next += interval;
    if (next < now)
        next = now + interval;   /* late: the rate is kept, what was missed is not made up for */
    const struct frame *oldest = (const struct frame *)series;
    if (waiting > WAITING || next - (int64_t)oldest->head.began > OLDEST_NS)
        flush_series();
}

/* The yardstick of the sampler: the bare reading of files through descriptors that stay open, and nothing else. */
#include "operation.h"
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"

#define FILES 16

/* How many there are, or -1 with errno (E2BIG: more than FILES), and then none is open. */
static int open_all(const struct call *call, int *fds)
{
    int count = 0;
    for (const char *path = call->text; path < call->text + call->request->text; path += strlen(path) + 1) {
        int fd = count < FILES ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        int error = count < FILES ? errno : E2BIG;
        if (fd < 0) {
            while (count)
                close(fds[--count]);
            errno = error;
            return -1;
        }
        fds[count++] = fd;
    }
    return count;
}

/* All of each file: those below /proc give a page or a record at a time. */
static int64_t read_all_of(const int *fds, int count, char *room, size_t size)
{
    int64_t total = 0;
    for (int i = 0; i < count; i++) {
        ssize_t got;
        for (off_t at = 0; (got = pread(fds[i], room + at, size - (size_t)at, at)) > 0; at += got)
            total += got;
        if (got < 0)
            return -1;
    }
    return total;
}

/* Text: paths, each with a zero behind it. rounds, ns from one to the next (0: at once). Value: bytes of the last
 * round. The reply's text: ns of each round. */
void op_read_rounds(struct call *call)
{
    int64_t rounds = arg(call, 0), interval = arg(call, 1);
    int fds[FILES], count = open_all(call, fds);
    uint64_t *took = (uint64_t *)(void *)call->out;
    /* Half of the reply's room for the times, half to read into: it is there already, as the sampler's is. */
    size_t half = call->out_limit / 2;
    if (count < 0)
        return fail(call, errno);
    for (int64_t i = 0; i < rounds && (size_t)(i + 1) * sizeof *took <= half; i++) {
        struct timespec nap = { .tv_nsec = interval };
        if (interval)
            nanosleep(&nap, NULL);
        uint64_t began = clock_ns();
        returned(call, read_all_of(fds, count, call->out + half, half));
        took[i] = clock_ns() - began;
        call->out_size = (size_t)(i + 1) * sizeof *took;
    }
    while (count)
        close(fds[--count]);
}

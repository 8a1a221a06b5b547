/* Channels: all of a frame or none, and how a forked child gets one. */
#include "channel.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "wire.h"

/* What wire.h promises Python's end, whatever compiler reads it. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers on the wire are little endian");
_Static_assert(sizeof(struct request) == 64 && sizeof(struct reply) == 56 && sizeof(struct section) == 16 &&
                   sizeof(struct page) == 24 && sizeof(struct syscall) == 72,
               "structures on the wire have no padding");

int read_all(int fd, void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, (char *)data + done, size - done);
        if (got == 0)
            errno = EPIPE;
        if (got > 0)
            done += (size_t)got;
        else if (got == 0 || errno != EINTR)
            return -1;
    }
    return 0;
}

int write_all(int fd, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t put = write(fd, (const char *)data + done, size - done);
        if (put >= 0)
            done += (size_t)put;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

int agent_pid = 1;

unsigned agent_address(struct sockaddr_un *address, int agent)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    int size = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "folklab-agent-%d", agent);
    return (unsigned)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size);
}

int join_agent(unsigned target)
{
    struct sockaddr_un address;
    unsigned size = agent_address(&address, agent_pid);
    uint64_t hello = target;
    int channel = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (channel < 0)
        return -1;
    if (connect(channel, (struct sockaddr *)&address, size) == 0 && write_all(channel, &hello, sizeof hello) == 0)
        return channel;
    int error = errno;
    close(channel);
    errno = error;
    return -1;
}

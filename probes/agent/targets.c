/* The agent's targets, by their numbers, and how their channels are opened. */
#include "targets.h"
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "channel.h"

struct target targets[TARGET_LIMIT];

void open_targets(void)
{
    for (unsigned i = 0; i < TARGET_LIMIT; i++)
        targets[i].fd = -1;
}

struct target *live_target(int64_t number)
{
    return number >= 0 && number < TARGET_LIMIT && targets[number].pid > 0 ? &targets[number] : NULL;
}

struct target *free_target(int64_t number)
{
    return number >= TARGET_FIRST_PROBE && number < TARGET_LIMIT && !targets[number].pid ? &targets[number] : NULL;
}

void close_target(struct target *target)
{
    if (target->fd >= 0)
        close(target->fd);
    *target = (struct target){ .fd = -1 };
}

int open_pair(int pair[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

int listen_for_forks(void)
{
    struct sockaddr_un address;
    unsigned size = agent_address(&address, getpid());
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0)
        return -1;
    if (bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 8) == 0)
        return listener;
    int error = errno;
    close(listener);
    errno = error;
    return -1;
}

void accept_fork(int listener)
{
    uint64_t number;
    struct ucred peer;
    socklen_t size = sizeof peer;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || read_all(fd, &number, sizeof number) < 0 ||
        number < TARGET_FIRST_PROBE || number >= TARGET_LIMIT || targets[number].fd >= 0) {
        close(fd);
        return;
    }
    targets[number] = (struct target){ .fd = fd, .pid = peer.pid };
}

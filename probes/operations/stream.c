/* Pipes and sockets, and what is asked of any descriptor. */
#include "operation.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE 65536
static char piece[PIECE];

/* The reply's text: two descriptors as 64-bit numbers. */
static void give_pair(struct call *call, int result, const int pair[2])
{
    uint64_t numbers[] = { (uint64_t)pair[0], (uint64_t)pair[1] };
    if (result < 0)
        return fail(call, errno);
    memcpy(call->out, numbers, sizeof numbers);
    call->out_size = sizeof numbers;
}

/* flags. Text of the reply: the end to read, the end to write. */
void op_pipe(struct call *call)
{
    int pair[2];
    give_pair(call, pipe2(pair, (int)arg(call, 0)), pair);
}

/* domain, type. */
void op_socketpair(struct call *call)
{
    int pair[2];
    give_pair(call, socketpair((int)arg(call, 0), (int)arg(call, 1), 0, pair), pair);
}

static int connect_both(int listener, int pair[2])
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof here;
    if (bind(listener, (struct sockaddr *)&here, size) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&here, &size) < 0 || (pair[0] = socket(AF_INET, SOCK_STREAM, 0)) < 0)
        return -1;
    if (connect(pair[0], (struct sockaddr *)&here, size) == 0 && (pair[1] = accept(listener, NULL, NULL)) >= 0)
        return 0;
    int error = errno;
    close(pair[0]);
    errno = error;
    return -1;
}

/* A TCP connection over the loopback interface, which must be up. Text of the reply: who connected, who accepted. */
void op_tcp_pair(struct call *call)
{
    int pair[2] = { -1, -1 }, listener = socket(AF_INET, SOCK_STREAM, 0);
    int result = listener < 0 ? -1 : connect_both(listener, pair), error = errno;
    if (listener >= 0)
        close(listener);
    errno = error;
    give_pair(call, result, pair);
}

/* fd, level, name, value. */
void op_setsockopt(struct call *call)
{
    int value = (int)arg(call, 3);
    returned(call, setsockopt((int)arg(call, 0), (int)arg(call, 1), (int)arg(call, 2), &value, sizeof value));
}

/* fd, length: value is the bytes that were moved until all were, the other end closed, or a descriptor that does not wait
 * would have had to. */
static void stream(struct call *call, int writes)
{
    int fd = (int)arg(call, 0);
    while (call->value < arg(call, 1)) {
        int64_t left = arg(call, 1) - call->value;
        size_t size = left < PIECE ? (size_t)left : PIECE;
        ssize_t moved = writes ? write(fd, piece, size) : read(fd, piece, size);
        if (moved < 0 && errno != EAGAIN)
            return fail(call, errno);
        if (moved <= 0)
            return;
        call->value += moved;
    }
}

void op_send(struct call *call)
{
    stream(call, 1);
}

void op_receive(struct call *call)
{
    stream(call, 0);
}

/* fd, events, ns (-1: until the next request): value is the events that came, 0 if none did. */
void op_poll(struct call *call)
{
    struct pollfd waiting[] = { { .fd = (int)arg(call, 0), .events = (short)arg(call, 1) },
                                { .fd = call->channel, .events = POLLIN } };
    struct timespec limit = { .tv_sec = arg(call, 2) / 1000000000, .tv_nsec = arg(call, 2) % 1000000000 };
    if (ppoll(waiting, 2, arg(call, 2) < 0 ? NULL : &limit, NULL) < 0)
        return fail(call, errno);
    call->value = waiting[0].revents;
}

/* flags. */
void op_epoll_create(struct call *call)
{
    returned(call, epoll_create1((int)arg(call, 0)));
}

/* first value, flags. */
void op_eventfd(struct call *call)
{
    returned(call, eventfd((unsigned)arg(call, 0), (int)arg(call, 1)));
}

/* fd, command, argument. */
void op_fcntl(struct call *call)
{
    returned(call, fcntl((int)arg(call, 0), (int)arg(call, 1), arg(call, 2)));
}

/* fd, request, argument; or, where there is a text, that structure, which the reply's text gives back. */
void op_ioctl(struct call *call)
{
    size_t size = call->request->text;
    if (!size)
        return returned(call, ioctl((int)arg(call, 0), (unsigned long)arg(call, 1), arg(call, 2)));
    if (size > call->out_limit)
        return fail(call, E2BIG);
    memcpy(call->out, call->text, size);
    returned(call, ioctl((int)arg(call, 0), (unsigned long)arg(call, 1), call->out));
    call->out_size = call->error ? 0 : size;
}

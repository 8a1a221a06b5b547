/* A probe's and the hand's parser of requests. Its operations act on nothing. */
#include <sys/socket.h>
#include "dispatch.h"
#include "input.h"

/* No more: its socket takes all replies while nobody reads them. */
#define IDLE(name) void op_##name(struct call *call) { act_on_nothing(call, SHORT); }
OPERATIONS(IDLE)
#undef IDLE

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int pair[2];
    if (size > LONGEST_INPUT)
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        abort();
    put_input(pair[0], data, size);
    shutdown(pair[0], SHUT_WR);
    serve(pair[1]);
    close(pair[0]);
    close(pair[1]);
    return 0;
}

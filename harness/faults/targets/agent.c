/* The agent's parsers: of Python's requests, and of what its targets reply. Its operations act on nothing. */
#include <fcntl.h>
#include "agent.h"
#include "children.h"
#include "input.h"
#include "output.h"
#include "requests.h"
#include "targets.h"

#define IDLE(name) void agent_##name(struct call *call) { act_on_nothing(call, SIZE_MAX); }
AGENT_OPERATIONS(IDLE)
#undef IDLE

static int ended;

/* In place of children.c's: there is no process to wait for. */
void target_closed(unsigned number)
{
    close_target(&targets[number]);
    ended = 1;
}

static void begin(int nowhere)
{
    open_targets();
    open_output(nowhere);
    targets[TARGET_HAND].fd = dup(nowhere);
    ended = 0;
}

/* The first byte: who speaks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int nowhere = -1;
    int channel[2];
    if (size < 1 || size > LONGEST_INPUT)
        return -1;
    if (nowhere < 0)
        nowhere = open("/dev/null", O_WRONLY);
    if (nowhere < 0 || pipe(channel) < 0)
        abort();
    put_input(channel[1], data + 1, size - 1);
    close(channel[1]);
    begin(nowhere);
    targets[TARGET_FIRST_PROBE].fd = data[0] & 1 ? dup(channel[0]) : dup(nowhere);
    if (data[0] & 1)
        while (!ended)
            from_target(TARGET_FIRST_PROBE);
    else
        while (from_python(channel[0]))
            ;
    close(channel[0]);
    for (unsigned i = 0; i < TARGET_LIMIT; i++)
        close_target(&targets[i]);
    return 0;
}

/* A probe: a process that does what Python asks, operation by operation, and nothing else.
 *
 * It has no interpreter and allocates nothing of its own: before the first operation its heap is untouched. */
#include <stdlib.h>
#include "channel.h"
#include "dispatch.h"

#define CHANNEL 3

int main(int count, char **words)
{
    if (count > 1)
        agent_pid = atoi(words[1]);
    serve(CHANNEL);
    return 0;
}

/* How the agent's machine ends. */
#include <stdlib.h>
#include <sys/reboot.h>
#include <unistd.h>
#include "agent.h"

void agent_power_off(struct call *call)
{
    (void)call;
    if (getpid() == 1)
        reboot(RB_POWER_OFF);
    exit(0);
}

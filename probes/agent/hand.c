/* The hand: target 1, a fork of the agent's. */
#include "hand.h"
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "children.h"
#include "dispatch.h"
#include "resident.h"
#include "targets.h"

static void be_hand(int channel)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "hand");
    restore_signals();
    lock_own_memory();
    set_oom_score_adj("-1000");   /* a system-wide OOM takes the workload, not the instrument */
    serve(channel);
    _exit(0);
}

int start_hand(void)
{
    int pair[2];
    if (open_pair(pair) < 0)
        return -1;
    pid_t pid = fork();
    int error = errno;
    if (pid == 0) {
        close(pair[0]);
        be_hand(pair[1]);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        errno = error;
        return -1;
    }
    targets[TARGET_HAND] = (struct target){ .fd = pair[0], .pid = pid };
    return 0;
}

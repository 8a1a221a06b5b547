/* The agent: acts on the machine for Python. PID 1 in a guest, a child process on a host.
 *
 * One thread, one loop: requests from Python go to the agent itself (target 0) or on to the hand and the probes,
 * whose replies go back; meanwhile it samples at the rate asked for. It never blocks on what a probe does. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "about.h"
#include "channel.h"
#include "children.h"
#include "hand.h"
#include "init.h"
#include "output.h"
#include "requests.h"
#include "resident.h"
#include "sampling.h"
#include "targets.h"

static int wait_for_events(struct pollfd *waiting, unsigned count)
{
    int64_t nap = until_next_sample();
    struct timespec limit = { .tv_sec = nap / 1000000000, .tv_nsec = nap % 1000000000 };
    return ppoll(waiting, count, nap < 0 ? NULL : &limit, NULL);
}

/* Forks and exits are looked at before Python's next request, which may be about them. */
static void loop(int channel, int signals, int listener)
{
    struct pollfd waiting[TARGET_LIMIT + 3];
    struct signalfd_siginfo information;
    for (;;) {
        unsigned numbers[TARGET_LIMIT], count = 3;
        waiting[0] = (struct pollfd){ .fd = signals, .events = POLLIN };
        waiting[1] = (struct pollfd){ .fd = listener, .events = POLLIN };
        waiting[2] = (struct pollfd){ .fd = channel, .events = POLLIN };
        for (unsigned i = 0; i < TARGET_LIMIT; i++) {
            if (targets[i].fd < 0)
                continue;
            numbers[count - 3] = i;
            waiting[count++] = (struct pollfd){ .fd = targets[i].fd, .events = POLLIN };
        }
        wait_for_events(waiting, count);
        sample_series();
        if (waiting[1].revents & POLLIN)
            accept_fork(listener);
        for (unsigned i = 3; i < count; i++)
            if (waiting[i].revents && targets[numbers[i - 3]].fd == waiting[i].fd)
                from_target(numbers[i - 3]);
        if (waiting[0].revents && read(signals, &information, sizeof information) > 0)
            reap();
        if (waiting[2].revents & POLLIN) {
            if (!from_python(channel))
                return;
        } else if (waiting[2].revents && getpid() != 1) {
            return;
        }
    }
}

static int watch_children(void)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* On a host: the channel's descriptor, and "nothp" where the probes, which inherit it, are to get no transparent huge
 * pages: the setting itself is all processes', and changing it moves the watermarks. Orphans of probes become the
 * agent's children, as PID 1's: their end is known once their memory is gone. */
static int start_on_host(int count, char **words)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (count < 2 || (count > 2 && !strcmp(words[2], "nothp") && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0))
        return -1;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    return atoi(words[1]);
}

int main(int count, char **words)
{
    lock_own_memory();
    open_targets();
    int channel = getpid() == 1 ? start_guest() : start_on_host(count, words);
    open_output(channel);
    agent_pid = getpid();
    find_out();
    int signals = watch_children(), listener = listen_for_forks();
    if (channel >= 0 && signals >= 0 && listener >= 0 && start_hand() == 0)
        loop(channel, signals, listener);
    for (unsigned i = 0; i < TARGET_LIMIT; i++)
        if (targets[i].pid > 0)
            kill(targets[i].pid, SIGKILL);
    if (getpid() == 1)
        reboot(RB_POWER_OFF);
    return 1;
}

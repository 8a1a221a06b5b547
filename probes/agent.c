/* The agent: acts on the machine for Python. PID 1 in a guest, a child process on a host.
 *
 * One thread, one loop: requests from Python go to the agent itself (target 0) or on to the hand and the probes,
 * whose replies go back; meanwhile it samples at the rate asked for. It never blocks on what a probe does. */
#include "agent.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "pattern.h"

struct target targets[TARGET_LIMIT];
int channel;
static char text[TEXT_LIMIT + 8] __attribute__((aligned(4096)));
static char out[TEXT_LIMIT] __attribute__((aligned(4096)));

static void hello(struct call *call)
{
    struct utsname name;
    uname(&name);
    call->out_size = (size_t)snprintf(call->out, call->out_limit, "%s\n%s\n%s\n%zu\n%ld\n%d\n", name.release,
                                      name.version, name.machine, page_size(), sysconf(_SC_NPROCESSORS_ONLN),
                                      getpid());
}

static void take_sample(struct call *call)
{
    call->out_size = sample((int)arg(call, 0), call->out, call->out_limit);
}

static void power_off(struct call *call)
{
    (void)call;
    if (getpid() == 1)
        reboot(RB_POWER_OFF);
    exit(0);
}

static operation *const own[OP_HELLO + OP_POWER_OFF + 1] = {
    [OP_HELLO] = hello, [OP_SPAWN] = spawn, [OP_SIGNAL] = signal_target, [OP_WATCH] = watch,
    [OP_UNWATCH] = unwatch, [OP_SAMPLE] = take_sample, [OP_SERIES] = set_series, [OP_PAGES] = pages,
    [OP_TRACE] = trace, [OP_RELEASE] = release, [OP_POWER_OFF] = power_off,
};

static void answer(const struct request *request)
{
    struct call call = { .request = request, .text = text, .out = out, .out_limit = sizeof out };
    uint64_t began = clock_ns();
    errno = 0;
    text[request->text] = 0;
    if (request->operation <= OP_POWER_OFF && own[request->operation])
        own[request->operation](&call);
    else
        fail(&call, ENOSYS);
    struct reply reply = {
        .text = (uint32_t)call.out_size, .kind = KIND_REPLY, .target = TARGET_AGENT,
        .sequence = request->sequence, .error = call.error, .value = call.error ? 0 : call.value,
        .began = began, .nanoseconds = clock_ns() - began,
    };
    write_all(channel, &reply, sizeof reply);
    write_all(channel, out, reply.text);
}

static void refuse(const struct request *request, int error)
{
    struct reply reply = { .kind = KIND_REPLY, .target = request->target, .sequence = request->sequence,
                           .error = error, .began = clock_ns() };
    write_all(channel, &reply, sizeof reply);
}

static void forward(const struct request *request)
{
    struct target *target = request->target < TARGET_LIMIT ? &targets[request->target] : NULL;
    if (!target || target->fd < 0)
        return refuse(request, ESRCH);
    target->pending = request->sequence;
    if (write_all(target->fd, request, sizeof *request) < 0 || write_all(target->fd, text, request->text) < 0)
        refuse(request, EPIPE);
}

/* 0 once the channel is closed. */
static int from_python(void)
{
    struct request request;
    if (read_all(channel, &request, sizeof request) < 0 || request.text > TEXT_LIMIT ||
        read_all(channel, text, request.text) < 0)
        return 0;
    if (request.target == TARGET_AGENT)
        answer(&request);
    else
        forward(&request);
    return 1;
}

static void from_target(unsigned number)
{
    struct target *target = &targets[number];
    struct reply reply;
    if (read_all(target->fd, &reply, sizeof reply) < 0 || reply.text > TEXT_LIMIT ||
        read_all(target->fd, out, reply.text) < 0)
        return target_closed(number);
    reply.target = (uint16_t)number;
    if (reply.sequence == target->pending)
        target->pending = 0;
    write_all(channel, &reply, sizeof reply);
    write_all(channel, out, reply.text);
}

static int wait_for_events(struct pollfd *waiting, unsigned count)
{
    int64_t nap = until_next_sample();
    struct timespec limit = { .tv_sec = nap / 1000000000, .tv_nsec = nap % 1000000000 };
    return ppoll(waiting, count, nap < 0 ? NULL : &limit, NULL);
}

/* Forks and exits are looked at before Python's next request, which may be about them. */
static void loop(int signals, int listener)
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
            if (!from_python())
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

/* All of it becomes resident now and stays: what the agent does later changes no counter of memory, and under
 * pressure it is not the instrument that is swapped. Not MCL_FUTURE: a mapping by which the hand looks at a file
 * would read the whole file in. Refused to an ordinary user: then it is only touched. */
void lock_own_memory(void)
{
    if (mlockall(MCL_CURRENT) < 0) {
        memset(text, 1, sizeof text);
        memset(out, 1, sizeof out);
    }
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
    for (unsigned i = 0; i < TARGET_LIMIT; i++)
        targets[i].fd = -1;
    channel = getpid() == 1 ? start_guest() : start_on_host(count, words);
    agent_pid = getpid();
    int signals = watch_children(), listener = listen_for_forks();
    if (channel >= 0 && signals >= 0 && listener >= 0 && start_hand() == 0)
        loop(signals, listener);
    for (unsigned i = 0; i < TARGET_LIMIT; i++)
        if (targets[i].pid > 0)
            kill(targets[i].pid, SIGKILL);
    if (getpid() == 1)
        reboot(RB_POWER_OFF);
    return 1;
}

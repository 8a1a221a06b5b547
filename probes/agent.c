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
static struct { struct request head; char text[TEXT_LIMIT + 8]; } in __attribute__((aligned(4096)));
static struct frame out __attribute__((aligned(4096)));

/* What the agent says of its machine. Found out once, before a snapshot is taken: a clone, which answers this first,
 * would have to go through /sys for it with all of the kernel's code cold. */
static char about[1024];
static size_t about_size;

static void find_out(void)
{
    struct utsname name;
    uname(&name);
    about_size = (size_t)snprintf(about, sizeof about, "%s\n%s\n%s\n%zu\n%ld\n%d\n", name.release, name.version,
                                  name.machine, page_size(), sysconf(_SC_NPROCESSORS_ONLN), getpid());
}

static void hello(struct call *call)
{
    memcpy(call->out, about, call->out_size = about_size);
}

static void take_sample(struct call *call)
{
    call->out_size = sample((int)arg(call, 0), clock_ns(), call->out, call->out_limit);
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

/* In one call: a guest's port hands over each write by itself and waits until QEMU has taken it. */
void to_python(const struct reply *head)
{
    flush_series();
    write_all(channel, head, sizeof *head + head->text);
}

static void answer(void)
{
    struct call call = { .request = &in.head, .text = in.text, .out = out.text, .out_limit = sizeof out.text };
    uint64_t began = clock_ns();
    errno = 0;
    in.text[in.head.text] = 0;
    if (in.head.operation <= OP_POWER_OFF && own[in.head.operation])
        own[in.head.operation](&call);
    else
        fail(&call, ENOSYS);
    out.head = (struct reply){
        .text = (uint32_t)call.out_size, .kind = KIND_REPLY, .target = TARGET_AGENT,
        .sequence = in.head.sequence, .error = call.error, .value = call.error ? 0 : call.value,
        .began = began, .nanoseconds = clock_ns() - began,
    };
    to_python(&out.head);
}

static void refuse(int error)
{
    out.head = (struct reply){ .kind = KIND_REPLY, .target = in.head.target, .sequence = in.head.sequence,
                               .error = error, .began = clock_ns() };
    to_python(&out.head);
}

static void forward(void)
{
    struct target *target = in.head.target < TARGET_LIMIT ? &targets[in.head.target] : NULL;
    if (!target || target->fd < 0)
        return refuse(ESRCH);
    target->pending = in.head.sequence;
    if (write_all(target->fd, &in, sizeof in.head + in.head.text) < 0)
        refuse(EPIPE);
}

/* 0 once the channel is closed. */
static int from_python(void)
{
    if (read_all(channel, &in.head, sizeof in.head) < 0 || in.head.text > TEXT_LIMIT ||
        read_all(channel, in.text, in.head.text) < 0)
        return 0;
    if (in.head.target == TARGET_AGENT)
        answer();
    else
        forward();
    return 1;
}

static void from_target(unsigned number)
{
    struct target *target = &targets[number];
    if (read_all(target->fd, &out.head, sizeof out.head) < 0 || out.head.text > TEXT_LIMIT ||
        read_all(target->fd, out.text, out.head.text) < 0)
        return target_closed(number);
    out.head.target = (uint16_t)number;
    if (out.head.sequence == target->pending)
        target->pending = 0;
    to_python(&out.head);
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
        memset(&in, 1, sizeof in);
        memset(&out, 1, sizeof out);
        touch_series();
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
    find_out();
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

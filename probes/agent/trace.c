/* System calls of a probe, by ptrace: what the C library really asks of the kernel. */
#include "trace.h"
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include "agent.h"

#define RECORDS 8192
#define AT_EXEC 2   /* of a target's `held`: it has come to its exec */
#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC)

static struct syscall records[RECORDS];
static size_t recorded;
static int overflowed;      /* a call that did not fit: what is left says nothing about "all" */

static void resume(struct target *target, int signal)
{
    ptrace(target->recording ? PTRACE_SYSCALL : PTRACE_CONT, target->pid, NULL, (long)signal);
}

static void record(struct target *target)
{
    struct __ptrace_syscall_info information = { 0 };
    if (ptrace(PTRACE_GET_SYSCALL_INFO, target->pid, sizeof information, &information) <= 0)
        return;
    if (information.op == PTRACE_SYSCALL_INFO_ENTRY && recorded == RECORDS) {
        overflowed = 1;
    } else if (information.op == PTRACE_SYSCALL_INFO_ENTRY) {
        struct syscall *entry = &records[recorded++];
        entry->number = (int64_t)information.entry.nr;
        for (int i = 0; i < 6; i++)
            entry->argument[i] = information.entry.args[i];
        entry->result = INT64_MIN;   /* until it returns */
        entry->sequence = target->pending;
    } else if (information.op == PTRACE_SYSCALL_INFO_EXIT && recorded && records[recorded - 1].result == INT64_MIN) {
        records[recorded - 1].result = information.exit.rval;
    }
}

void traced_stop(struct target *target, int status)
{
    int signal = WSTOPSIG(status);
    if (!target->traced)
        return;
    if (target->held && status >> 16 == PTRACE_EVENT_EXEC) {
        target->held = AT_EXEC;   /* stays there: nothing of the new program has run */
        return;
    }
    if (signal == (SIGTRAP | 0x80)) {
        record(target);
        signal = 0;
    } else if (status >> 16) {
        signal = 0;               /* an event of ptrace's own, no signal of the probe's */
    }
    resume(target, signal);
}

/* Waits until the tracee stops for an event of ptrace's (0: for any reason), letting it pass other stops: 0, or
 * ESRCH if it died. */
static int await_stop(struct target *target, int event)
{
    int status;
    while (waitpid(target->pid, &status, __WALL) == target->pid) {
        if (!WIFSTOPPED(status))
            return ESRCH;
        if (!event || status >> 16 == event)
            return 0;
        traced_stop(target, status);
    }
    return errno;
}

/* Seizes a child that waits before its exec; spawn lets it go, RELEASE or TRACE find it stopped at the exec. */
int hold_at_exec(struct target *target)
{
    if (ptrace(PTRACE_SEIZE, target->pid, NULL, OPTIONS) < 0)
        return errno;
    target->traced = 1;
    return 0;
}

/* A held target's exec: 0 once it has stopped there, whether we waited for it or the agent's loop saw it before. */
static int await_exec_stop(struct target *target)
{
    int error = target->held == AT_EXEC ? 0 : await_stop(target, PTRACE_EVENT_EXEC);
    if (!error)
        target->held = AT_EXEC;
    return error;
}

static void detach(struct target *target)
{
    ptrace(PTRACE_DETACH, target->pid, NULL, NULL);
    target->traced = target->held = target->recording = 0;
}

/* target. With 1 as second argument it only waits for the exec: value is the address of the first instruction
 * to come. Else it lets the target run, untraced. */
void agent_release(struct call *call)
{
    struct target *target = live_target(arg(call, 0));
    struct __ptrace_syscall_info stop = { 0 };
    if (!target || !target->held)
        return fail(call, ESRCH);
    int error = await_exec_stop(target);
    /* At any stop, not a system call's alone (kernel/ptrace.c, ptrace_get_syscall_info). */
    if (!error && ptrace(PTRACE_GET_SYSCALL_INFO, target->pid, sizeof stop, &stop) <= 0)
        error = errno;
    if (error)
        return fail(call, error);
    call->value = (int64_t)stop.instruction_pointer;
    if (arg(call, 1) != 1)
        detach(target);
}

static void start_trace(struct call *call, struct target *target)
{
    int error = target->held ? await_exec_stop(target) : 0;
    if (!target->traced) {
        if (ptrace(PTRACE_SEIZE, target->pid, NULL, OPTIONS) < 0 ||
            ptrace(PTRACE_INTERRUPT, target->pid, NULL, NULL) < 0)
            return fail(call, errno);
        target->traced = 1;
        error = await_stop(target, 0);
    }
    if (error)
        return fail(call, error);
    target->recording = 1;
    target->held = 0;
    recorded = 0;
    overflowed = 0;
    resume(target, 0);
}

static void give_records(struct call *call)
{
    if (overflowed)
        return fail(call, EOVERFLOW);
    call->value = (int64_t)recorded;
    call->out_size = recorded * sizeof *records;
    memcpy(call->out, records, call->out_size);
}

/* target, enum trace. STOP's reply: a struct syscall for each call since START; of a program that has ended, too.
 * EOVERFLOW: there were more than RECORDS. */
void agent_trace(struct call *call)
{
    struct target *target = live_target(arg(call, 0));
    if (!target && arg(call, 1) == TRACE_STOP)
        return give_records(call);
    if (!target)
        return fail(call, ESRCH);
    if (arg(call, 1) == TRACE_START)
        return start_trace(call, target);
    if (ptrace(PTRACE_INTERRUPT, target->pid, NULL, NULL) < 0)
        return fail(call, errno);
    /* Any stop will do: one at a system call clears the one asked for (kernel/signal.c, ptrace_stop). */
    int error = await_stop(target, 0);
    if (error)
        return fail(call, error);
    record(target);
    detach(target);
    give_records(call);
}

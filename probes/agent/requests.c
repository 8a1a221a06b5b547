/* Requests from Python, which the agent answers or hands on, and the targets' replies. */
#include "requests.h"
#include "agent.h"
#include "channel.h"
#include "children.h"
#include "clock.h"
#include "output.h"
#include "targets.h"

static struct { struct request head; char text[TEXT_LIMIT + 8]; } in __attribute__((aligned(4096)));
static struct frame out __attribute__((aligned(4096)));

#define ENTRY(name) [OP_##name] = agent_##name,
static operation *const own[] = { AGENT_OPERATIONS(ENTRY) };
#undef ENTRY

static void answer(void)
{
    struct call call = { .request = &in.head, .text = in.text, .out = out.text, .out_limit = sizeof out.text };
    uint64_t began = clock_ns();
    errno = 0;
    in.text[in.head.text] = 0;
    if (in.head.operation < sizeof own / sizeof *own && own[in.head.operation])
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

int from_python(int channel)
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

void from_target(unsigned number)
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

void touch_requests(void)
{
    memset(&in, 1, sizeof in);
    memset(&out, 1, sizeof out);
}

/* Which function carries out which operation, and the loop around it. */
#include "dispatch.h"
#include <sys/resource.h>
#include <sys/uio.h>
#include "channel.h"
#include "clock.h"

#define ENTRY(name) [OP_##name] = op_##name,
static operation *const operations[OP_LIMIT] = { OPERATIONS(ENTRY) };
#undef ENTRY

/* NULL for a number that is not theirs: the agent's own, too. */
static operation *find_operation(unsigned number)
{
    return number < OP_LIMIT ? operations[number] : NULL;
}

void carry_out(const struct request *request, char *text, char *out, size_t limit, int channel, struct reply *reply)
{
    struct call call = { .request = request, .text = text, .out = out, .out_limit = limit, .channel = channel,
                         .serve = serve };
    struct rusage before, after;
    operation *function = find_operation(request->operation);
    text[request->text] = 0;
    getrusage(RUSAGE_SELF, &before);
    uint64_t began = clock_ns();
    errno = 0;
    if (function)
        function(&call);
    else
        call.error = ENOSYS;
    uint64_t ended = clock_ns();
    getrusage(RUSAGE_SELF, &after);
    *reply = (struct reply){
        .text = (uint32_t)call.out_size, .kind = KIND_REPLY, .target = request->target,
        .sequence = request->sequence, .error = call.error, .value = call.error ? 0 : call.value,
        .began = began, .nanoseconds = ended - began,
        .minor_faults = (uint64_t)(after.ru_minflt - before.ru_minflt),
        .major_faults = (uint64_t)(after.ru_majflt - before.ru_majflt),
    };
}

/* In bss: a page of it becomes resident only when it is used. */
static char text[TEXT_LIMIT + 8] __attribute__((aligned(4096)));
static char out[TEXT_LIMIT] __attribute__((aligned(4096)));

/* Head and text in one call: between two, a traced probe would stop while the agent waits for the rest. */
static int send_reply(int channel, const struct reply *reply)
{
    struct iovec parts[] = { { .iov_base = (void *)reply, .iov_len = sizeof *reply },
                             { .iov_base = out, .iov_len = reply->text } };
    ssize_t sent = writev(channel, parts, 2);
    if (sent < (ssize_t)sizeof *reply)
        return -1;
    size_t of_text = (size_t)sent - sizeof *reply;
    return write_all(channel, out + of_text, reply->text - of_text);
}

void serve(int channel)
{
    struct request request;
    struct reply reply;
    while (read_all(channel, &request, sizeof request) == 0) {
        if (request.text > TEXT_LIMIT || read_all(channel, text, request.text) < 0)
            return;
        carry_out(&request, text, out, sizeof out, channel, &reply);
        if (send_reply(channel, &reply) < 0)
            return;
    }
}

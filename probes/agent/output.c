/* The channel to Python, and the frames that wait to go there together. */
#include "output.h"
#include <string.h>
#include "channel.h"

/* Frames go to Python together, while the first of them is no older: each sending wakes Python, and in a guest it waits for
 * QEMU. A reply never overtakes one. */
#define OLDEST_NS 8000000
#define WAITING (TEXT_LIMIT / 4)

static int channel;
/* Whole frames that wait, and room for the longest one behind them. */
static char frames[WAITING + sizeof(struct frame)] __attribute__((aligned(4096)));
static size_t waiting;

void open_output(int opened)
{
    channel = opened;
}

static void flush(void)
{
    write_all(channel, frames, waiting);
    waiting = 0;
}

/* In one call: a guest's port hands over each write by itself and waits until QEMU has taken it. */
void to_python(const struct reply *head)
{
    flush();
    write_all(channel, head, sizeof *head + head->text);
}

struct frame *next_frame(void)
{
    return (struct frame *)(frames + waiting);
}

void to_python_in_time(const struct frame *frame, int64_t next)
{
    const struct frame *oldest = (const struct frame *)frames;
    waiting += sizeof frame->head + frame->head.text;
    if (waiting > WAITING || next - (int64_t)oldest->head.began > OLDEST_NS)
        flush();
}

void touch_output(void)
{
    memset(frames, 1, sizeof frames);
}

/* Where the program's own memory is: pages of its data segment, of its bss, and its stack; and calls that use much of it. */
#include "operation.h"

/* Whole pages, of whatever size up to 64 KiB, that nothing else uses: they stay as the kernel mapped them until somebody asks for them. */
#define SPARE 65536
static volatile char data[SPARE] __attribute__((aligned(65536))) = { 1 };
static volatile char bss[SPARE] __attribute__((aligned(65536)));

/* The reply's text: address and length of the spare pages of data, then of bss, then an address on the stack. */
void op_segments(struct call *call)
{
    volatile char here = 0;
    memcpy(call->out, (uint64_t[]){(uint64_t)(uintptr_t)data, SPARE, (uint64_t)(uintptr_t)bss, SPARE,
                                   (uint64_t)(uintptr_t)&here}, 40);
    call->out_size = 40;
    call->value = here;
}

/* Calls itself until a frame lies below `until`, and gives that frame's address. Each frame is written to before and after. */
static uintptr_t descend(uintptr_t until)
{
    volatile char frame[1024];
    uintptr_t lowest = (uintptr_t)__builtin_frame_address(0);
    frame[0] = 1;
    if (lowest > until)
        lowest = descend(until);
    frame[sizeof frame - 1] = frame[0];
    return lowest;
}

/* size: a chain of calls that takes so much of the stack, and has returned. Value is the address of its last frame. */
void op_deep_call(struct call *call)
{
    call->value = (int64_t)descend((uintptr_t)__builtin_frame_address(0) - (uintptr_t)arg(call, 0));
}

/* What each page of a process's range is, as the kernel's own tables say it. */
#include "agent.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "pattern.h"

/* pagemap: bit 63 present; bits 0-54 the frame number, which only CAP_SYS_ADMIN reads (since 4.2). */
#define PRESENT (1ull << 63)
#define FRAME ((1ull << 55) - 1)

static int open_once(int *fd, const char *path)
{
    if (*fd <= 0)
        *fd = open(path, O_RDONLY | O_CLOEXEC);
    return *fd;
}

static uint64_t number_at(int fd, uint64_t index)
{
    uint64_t number = 0;
    return pread(fd, &number, sizeof number, (off_t)(index * sizeof number)) == sizeof number ? number : 0;
}

#define HEAD (1ull << 15)     /* include/uapi/linux/kernel-page-flags.h */
#define TAIL (1ull << 16)
#define MOST_TAILS 8191       /* of a huge page of 512 MiB of 64 KiB each (arm64); of 2 MiB on x86 it has 511 */

/* The compound page that was met last: its head's flags, and the last frame known to be part of it. */
struct compound {
    uint64_t flags, last;
};

/* A compound page's flags are its head's; of a tail kernels before 6.10 show nearly none (fs/proc/page.c,
 * stable_page_flags): it gets its head's here, on every kernel. */
static uint64_t flags_of(int fd, uint64_t frame, struct compound *met)
{
    uint64_t flags = number_at(fd, frame), before = frame, seen = flags;
    if (!(flags & (HEAD | TAIL)))
        return flags;
    if (flags & HEAD || frame != met->last + 1) {
        while (seen & TAIL && frame - before < MOST_TAILS)
            seen = number_at(fd, --before);
        met->flags = seen & HEAD ? seen & ~HEAD : 0;
    }
    met->last = frame;
    return flags | (flags & TAIL ? met->flags : 0);
}

/* pid, address, pages: the reply's text is a struct page for each. */
void agent_pages(struct call *call)
{
    static int flags_fd, count_fd;
    char path[64];
    struct page *page = (struct page *)call->out;
    size_t count = (size_t)arg(call, 2);
    uint64_t first = (uint64_t)arg(call, 1) / page_size();
    if (count * sizeof *page > call->out_limit)
        return fail(call, E2BIG);
    if (open_once(&flags_fd, "/proc/kpageflags") < 0 || open_once(&count_fd, "/proc/kpagecount") < 0)
        return fail(call, errno);
    snprintf(path, sizeof path, "/proc/%d/pagemap", (int)arg(call, 0));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct compound met = { 0 };
    if (fd < 0)
        return fail(call, errno);
    for (size_t i = 0; i < count; i++) {
        uint64_t entry = number_at(fd, first + i), frame = entry & PRESENT ? entry & FRAME : 0;
        page[i] = (struct page){ .pagemap = entry, .flags = frame ? flags_of(flags_fd, frame, &met) : 0,
                                 .mapped = frame ? number_at(count_fd, frame) : 0 };
    }
    close(fd);
    call->out_size = count * sizeof *page;
    call->value = (int64_t)count;
}

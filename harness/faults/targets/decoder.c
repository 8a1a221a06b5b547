/* The decoder: each number has a name that lies in the text, in order, and there are no more than was asked for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "native.h"

static void decode(const char *text, size_t size, size_t limit)
{
    int64_t *values = malloc(limit * sizeof *values);
    char *names = malloc(size);
    size_t used = 0, at = 0, begin = 0, count = parse_counters(text, size, values, names, &used, limit);
    if (count > limit || used > size)
        abort();
    for (size_t i = 0; i < count; i++) {
        const char *end = memchr(names + begin, '\n', used - begin);
        size_t length = end ? (size_t)(end - names) - begin : 0;
        const char *found = length ? memmem(text + at, size - at, names + begin, length) : NULL;
        if (!found)
            abort();
        at = (size_t)(found - text) + length;
        begin += length + 1;
        if (at >= size)
            abort();
    }
    if (begin != used)
        abort();
    free(values);
    free(names);
}

static void compare(const struct page *pages, size_t count)
{
    const struct page *first = &pages[0], *second = &pages[count / 2];
    if (count < 2)
        return;
    if (count_pages(pages, count, first->pagemap, second->pagemap, first->flags, second->flags) > count ||
        count_same_frames(first, second, count / 2) > count / 2)
        abort();
}

/* The last byte, which the text keeps: how many lines there is room for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size);   /* its end is the end of what may be read; aligned for pages */
    if (!text)
        return -1;
    memcpy(text, data, size);
    decode(text, size, size ? data[size - 1] : 0);
    decode(text, size, size + 1);
    compare((const struct page *)text, size / sizeof(struct page));
    free(text);
    return 0;
}

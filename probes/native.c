/* The decoder: counters from the kernel's text at C speed. */
#include <stddef.h>
#include <stdint.h>
#include "native.h"

static int digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

size_t parse_counters(const char *text, size_t size, int64_t *values, uint32_t *names, size_t limit)
{
    size_t count = 0, at = 0;
    while (at < size && count < limit) {
        size_t start = at, end = at;
        while (at < size && text[at] != ' ' && text[at] != ':' && text[at] != '\t' && text[at] != '\n')
            at++;
        end = at;
        while (at < size && (text[at] == ' ' || text[at] == ':' || text[at] == '\t'))
            at++;
        int negative = at + 1 < size && text[at] == '-';
        at += (size_t)negative;
        if (at < size && digit(text[at]) && end > start) {
            uint64_t value = 0;
            for (; at < size && digit(text[at]); at++)
                value = value * 10 + (uint64_t)(text[at] - '0');
            values[count] = negative ? -(int64_t)value : (int64_t)value;
            names[2 * count] = (uint32_t)start;
            names[2 * count + 1] = (uint32_t)end;
            count++;
        }
        while (at < size && text[at] != '\n')
            at++;
        at++;
    }
    return count;
}

size_t count_pages(const struct page *pages, size_t count, uint64_t pagemap_mask, uint64_t pagemap_value,
                   uint64_t flags_mask, uint64_t flags_value)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += (pages[i].pagemap & pagemap_mask) == pagemap_value && (pages[i].flags & flags_mask) == flags_value;
    return found;
}

/* Bit 63: present; bits 0-54: the frame's number. */
size_t count_same_frames(const struct page *first, const struct page *second, size_t count)
{
    const uint64_t compared = (1ull << 63) | ((1ull << 55) - 1);
    size_t same = 0;
    for (size_t i = 0; i < count; i++)
        same += first[i].pagemap >> 63 && (first[i].pagemap & compared) == (second[i].pagemap & compared);
    return same;
}

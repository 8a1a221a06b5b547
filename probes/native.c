/* The decoder: counters from the kernel's text at C speed. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "native.h"

static int digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

static int space(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\n';
}

/* The whole number that begins at `at`, and ends with its word, into `value`: whether it is one, from 0 to INT64_MAX.
 * What the kernel prints of these files is unsigned; from 2^63 up it is a counter that went below zero. Every line of them
 * ends: a number at the very end of a text may be cut. */
static int whole_number(const char *text, size_t size, size_t at, int64_t *value)
{
    int64_t found = 0;
    size_t begin = at;
    for (; at < size && digit(text[at]); at++) {
        int next = text[at] - '0';
        if (found > (INT64_MAX - next) / 10)
            return 0;
        found = found * 10 + next;
    }
    if (at == begin || at == size || !space(text[at]))
        return 0;
    *value = found;
    return 1;
}

size_t parse_counters(const char *text, size_t size, int64_t *values, char *names, size_t *names_size, size_t limit)
{
    size_t count = 0, at = 0, used = 0;
    while (at < size && count < limit) {
        size_t start = at, end;
        while (at < size && text[at] != ' ' && text[at] != ':' && text[at] != '\t' && text[at] != '\n')
            at++;
        end = at;
        while (at < size && (text[at] == ' ' || text[at] == ':' || text[at] == '\t'))
            at++;
        if (end > start && whole_number(text, size, at, &values[count])) {
            memcpy(names + used, text + start, end - start);
            used += end - start;
            names[used++] = '\n';
            count++;
        }
        while (at < size && text[at] != '\n')
            at++;
        at++;
    }
    *names_size = used;
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

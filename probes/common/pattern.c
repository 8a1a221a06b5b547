#include "pattern.h"
#include <unistd.h>

/* Odd, so that no two pages of a pattern have the same stamp (2^64 divided by the golden ratio). */
#define STEP 0x9e3779b97f4a7c15u

size_t page_size(void)
{
    static size_t size;
    if (!size)
        size = (size_t)sysconf(_SC_PAGESIZE);
    return size;
}

static uint64_t stamp(uint64_t seed, uint64_t page)
{
    return ((seed << 32) + page + 1) * STEP | 1;   /* never 0: newer kernels keep zero pages out of swap */
}

void pattern_fill(void *memory, size_t size, uint64_t seed, uint64_t first)
{
    size_t page = page_size();
    for (size_t at = 0; at < size; at += page) {
        uint64_t *word = (uint64_t *)((char *)memory + at), value = stamp(seed, first + at / page);
        word[0] = value;
        word[page / 8 - 1] = ~value;
    }
}

size_t pattern_count(const void *memory, size_t size, uint64_t seed, uint64_t first)
{
    size_t page = page_size(), count = 0;
    for (size_t at = 0; at < size; at += page) {
        const uint64_t *word = (const uint64_t *)((const char *)memory + at);
        uint64_t value = stamp(seed, first + at / page);
        count += word[0] == value && word[page / 8 - 1] == ~value;
    }
    return count;
}

/* What memory and files are filled with: every page is non-zero and unlike every other. */
#ifndef PATTERN_H
#define PATTERN_H
#include <stddef.h>
#include <stdint.h>

/* Stamps `size` bytes (whole pages) as the pages from number `first` of the pattern `seed`: the first and the last
 * word of each page are written, which touches it, makes it unlike all others, and costs no more than that. */
void pattern_fill(void *memory, size_t size, uint64_t seed, uint64_t first);
/* How many of those pages hold it: the first and the last word of each are looked at. */
size_t pattern_count(const void *memory, size_t size, uint64_t seed, uint64_t first);
size_t page_size(void);
#endif

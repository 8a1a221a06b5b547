/* What Python calls in the extension, beside the structures of wire.h. */
#ifndef NATIVE_H
#define NATIVE_H
#include "wire.h"

void carry_out(const struct request *request, char *text, char *out, size_t limit, int channel, struct reply *reply);

/* Lines "name value" or "name: value unit" of `text`: the values into `values`, their names into `names`, each with a
 * newline behind it (`names_size` bytes, never more than `size`: each name has a byte behind it in the text). Lines whose
 * value is no whole number from 0 to INT64_MAX are left out. How many there were, at most `limit`. */
size_t parse_counters(const char *text, size_t size, int64_t *values, char *names, size_t *names_size, size_t limit);

/* How many entries have these bits under these masks; how many pairs are present in the same frame. */
size_t count_pages(const struct page *pages, size_t count, uint64_t pagemap_mask, uint64_t pagemap_value,
                   uint64_t flags_mask, uint64_t flags_value);
size_t count_same_frames(const struct page *first, const struct page *second, size_t count);

#endif

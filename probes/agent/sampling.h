/* A series of samples at a steady rate. */
#ifndef SAMPLING_H
#define SAMPLING_H
#include <stdint.h>

int64_t until_next_sample(void);    /* ns, -1 if no series runs */
void sample_series(void);           /* takes the sample that is due */

#endif

/* What is written to Python. */
#ifndef OUTPUT_H
#define OUTPUT_H
#include <stddef.h>
#include <stdint.h>
#include "wire.h"

struct frame {
    struct reply head;
    char text[TEXT_LIMIT];
};

void open_output(int channel);
/* Writes a reply and the text behind it, after the frames that wait. */
void to_python(const struct reply *head);
/* Room for a frame that may wait. Its text is scratch until the frame is made and handed over. */
struct frame *next_frame(void);
/* Hands the frame over; the one after it is due at `next` (CLOCK_MONOTONIC, ns). */
void to_python_in_time(const struct frame *frame, int64_t next);
void touch_output(void);            /* its room is resident from now on */

#endif

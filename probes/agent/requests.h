/* What comes from Python and from the targets: one frame each. */
#ifndef REQUESTS_H
#define REQUESTS_H

int from_python(int channel);            /* 0 once the channel is closed */
void from_target(unsigned number);
void touch_requests(void);               /* their room is resident from now on */

#endif

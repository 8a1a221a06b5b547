/* The machine, as the agent greets Python with it. */
#ifndef ABOUT_H
#define ABOUT_H

void find_out(void);

#endif

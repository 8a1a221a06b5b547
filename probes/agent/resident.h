/* The instrument's own memory, which must not move what is measured. */
#ifndef RESIDENT_H
#define RESIDENT_H

void lock_own_memory(void);

#endif

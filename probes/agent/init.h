/* The first moments of a guest. */
#ifndef INIT_H
#define INIT_H

void insert_modules(void);
int start_guest(void);              /* mounts, modules, the port: the channel's descriptor, -1 on failure */

#endif

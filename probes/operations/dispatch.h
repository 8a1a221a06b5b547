/* What stands between a channel and the operations. */
#ifndef DISPATCH_H
#define DISPATCH_H
#include "operation.h"

/* Carries out one request and fills the reply's fields, except for its text. */
void carry_out(const struct request *request, char *text, char *out, size_t limit, int channel, struct reply *reply);

/* The loop of a probe or the hand: requests from the channel until it closes. */
void serve(int channel);

#endif

/* The agent's own operations (target 0), as operations.h lists them. */
#ifndef AGENT_H
#define AGENT_H
#include "operation.h"

#define DECLARE(name) operation agent_##name;
AGENT_OPERATIONS(DECLARE)
#undef DECLARE

#endif

/* The hand: a child of the agent's that carries out operations outside any sandbox. */
#ifndef HAND_H
#define HAND_H

/* 0, or -1 with errno. */
int start_hand(void);

#endif

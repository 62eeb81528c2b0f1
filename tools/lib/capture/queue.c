/* A binary heap, oldest packet first. */
#include "queue.h"

#include <stdlib.h>

static bool older(const struct held *a, const struct held *b)
{
	return a->time != b->time ? a->time < b->time : a->seq < b->seq;
}

enum err queue_push(struct queue *q, const struct held *h)
{
	if (q->n == q->cap) {
		size_t cap = q->cap ? 2 * q->cap : 256;
		struct held *grown = realloc(q->at, cap * sizeof *grown);
		if (!grown)
			return ERR_NOMEM;
		q->at = grown;
		q->cap = cap;
	}
	size_t i = q->n++;
	for (; i > 0 && older(h, &q->at[(i - 1) / 2]); i = (i - 1) / 2)
		q->at[i] = q->at[(i - 1) / 2];
	q->at[i] = *h;
	return ERR_OK;
}

struct held queue_pop(struct queue *q)
{
	struct held top = q->at[0], last = q->at[--q->n];
	size_t i = 0;
	for (size_t child; (child = 2 * i + 1) < q->n; i = child) {
		if (child + 1 < q->n && older(&q->at[child + 1], &q->at[child]))
			child++;
		if (!older(&q->at[child], &last))
			break;
		q->at[i] = q->at[child];
	}
	if (q->n)
		q->at[i] = last;
	return top;
}

void queue_release(struct queue *q)
{
	for (size_t i = 0; i < q->n; i++)
		free(q->at[i].bytes);
	free(q->at);
	*q = (struct queue){0};
}

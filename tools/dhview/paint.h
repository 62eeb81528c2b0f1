/* The paint story: what is mixed, what is seen, and why paint is only a picture. */
#ifndef DHVIEW_PAINT_H
#define DHVIEW_PAINT_H

#include <stdio.h>

#include "glassnet/trace.h"

struct rgb {
	uint8_t r, g, b;
};

struct paint_story {
	struct rgb common, alice, bob; /* one part each */
	struct rgb alice_mix, bob_mix; /* two parts: common and own, on the wire */
	struct rgb alice_end, bob_end; /* three parts */
	struct rgb eve;                /* what Eve gets by mixing all she saw */
	struct rgb unmixed;            /* what subtraction gives her */
};

/* Computes the story. Mixing is the mean of the parts, rounded once at the end. */
void paint_mix(struct paint_story *s);

/* The nearest name in a list of everyday ones: "olive". Never NULL. */
const char *paint_name(struct rgb c);

/* How colours are shown: true colour, the 256 of older terminals, or names alone. */
enum paint_depth { PAINT_NAMES, PAINT_256, PAINT_TRUE };

struct paint_canvas {
	FILE *out; /* NULL: nothing is painted */
	enum paint_depth depth;
};

/* Tells the story, painting each colour below the event that it belongs to. */
void paint_tell(const struct paint_story *s, struct trace *t, const struct paint_canvas *canvas);

#endif

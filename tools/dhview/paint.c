#include "paint.h"

#include <stdlib.h>

enum { NAME = 64 };

/* --- mixing --- */

static uint8_t mean(unsigned sum, unsigned parts)
{
	return (uint8_t)((sum + parts / 2) / parts);
}

static struct rgb mix2(struct rgb a, struct rgb b)
{
	return (struct rgb){mean(a.r + b.r, 2u), mean(a.g + b.g, 2u), mean(a.b + b.b, 2u)};
}

static struct rgb mix3(struct rgb a, struct rgb b, struct rgb c)
{
	return (struct rgb){mean((unsigned)a.r + b.r + c.r, 3), mean((unsigned)a.g + b.g + c.g, 3),
	    mean((unsigned)a.b + b.b + c.b, 3)};
}

/* Two parts of a pot less one part of a known paint: the other part, but for rounding. */
static uint8_t take_out(uint8_t pot, uint8_t known)
{
	int left = 2 * pot - known;

	return (uint8_t)(left < 0 ? 0 : left > 255 ? 255 : left);
}

void paint_mix(struct paint_story *s)
{
	s->alice_mix = mix2(s->common, s->alice);
	s->bob_mix = mix2(s->common, s->bob);
	/* pots are poured whole: two parts from the other, one part of one's own */
	s->alice_end = mix3(s->common, s->bob, s->alice);
	s->bob_end = mix3(s->common, s->alice, s->bob);
	s->eve = mix2(s->alice_mix, s->bob_mix);
	s->unmixed = (struct rgb){take_out(s->alice_mix.r, s->common.r), take_out(s->alice_mix.g, s->common.g),
	    take_out(s->alice_mix.b, s->common.b)};
}

const char *paint_name(struct rgb c)
{
	static const struct {
		struct rgb c;
		const char *name;
	} names[] = {{{0, 0, 0}, "black"}, {{128, 128, 128}, "grey"}, {{255, 255, 255}, "white"},
	    {{200, 30, 30}, "red"}, {{240, 130, 30}, "orange"}, {{250, 215, 60}, "yellow"}, {{190, 165, 70}, "ochre"},
	    {{128, 128, 0}, "olive"}, {{150, 200, 60}, "lime green"}, {{40, 140, 60}, "green"},
	    {{0, 128, 128}, "teal"}, {{90, 190, 220}, "sky blue"}, {{30, 80, 200}, "blue"}, {{25, 25, 110}, "navy"},
	    {{125, 60, 170}, "purple"}, {{210, 80, 160}, "pink"}, {{130, 70, 40}, "brown"}, {{200, 150, 110}, "sand"},
	    {{150, 90, 110}, "mauve"}, {{110, 130, 120}, "slate"}, {{160, 150, 130}, "khaki"},
	    {{225, 120, 90}, "coral"}, {{110, 110, 160}, "lavender grey"}};
	size_t best = 0;
	int least = 1 << 30;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int r = c.r - names[i].c.r, g = c.g - names[i].c.g, b = c.b - names[i].c.b;
		int far = r * r + g * g + b * b;
		if (far < least) {
			least = far;
			best = i;
		}
	}
	return names[best].name;
}

/* --- showing --- */

/* The nearest of the 6 × 6 × 6 colours of older terminals. */
static int cube(struct rgb c)
{
	return 16 + 36 * ((c.r * 5 + 127) / 255) + 6 * ((c.g * 5 + 127) / 255) + (c.b * 5 + 127) / 255;
}

static void swatch(const struct paint_canvas *c, struct rgb colour)
{
	if (!c->out || c->depth == PAINT_NAMES)
		return;
	for (int row = 0; row < 2; row++) {
		fprintf(c->out, "%14s", "");
		if (c->depth == PAINT_TRUE)
			fprintf(c->out, "\033[48;2;%d;%d;%dm", colour.r, colour.g, colour.b);
		else
			fprintf(c->out, "\033[48;5;%dm", cube(colour));
		fprintf(c->out, "%16s\033[0m\n", "");
	}
}

static char *describe(char out[static NAME], struct rgb c)
{
	snprintf(out, NAME, "%s (red %d, green %d, blue %d)", paint_name(c), c.r, c.g, c.b);
	return out;
}

static void has(struct trace *t, const struct paint_canvas *canvas, const char *who, const char *what, struct rgb c,
    const char *why)
{
	char text[NAME];

	ev_state(t, who, what, NULL, describe(text, c), "%s", why);
	swatch(canvas, c);
}

static void sends(struct trace *t, const struct paint_canvas *canvas, const char *from, const char *to, struct rgb c)
{
	char text[NAME];

	ev_send(t, from, to, "paint", NULL, 0, "a pot of %s", describe(text, c));
	swatch(canvas, c);
}

static bool same(struct rgb a, struct rgb b)
{
	return a.r == b.r && a.g == b.g && a.b == b.b;
}

static void tell_eve(const struct paint_story *s, struct trace *t, const struct paint_canvas *canvas)
{
	ev_heading(t, "What Eve has");
	ev_explain(t, "She saw the common paint and both pots. Whatever she pours together, the common paint "
	              "is in it too "
	              "often, or a secret paint is missing.");
	has(t, canvas, "Eve", "both pots together", s->eve, "two parts common paint: not the key");
	ev_heading(t, "Why paint is only a picture");
	has(t, canvas, "Eve", "Alice's pot without the common paint", s->unmixed,
	    "by subtraction: she knows what went in and how much");
	ev_warning(t,
	    "In numbers paint can be unmixed: that is Alice's secret paint (but for rounding). Nobody would "
	    "use it. "
	    "Diffie and Hellman's mixing is a power modulo a prime, and there no quick way back is known "
	    "(dhview toy shows it).");
}

void paint_tell(const struct paint_story *s, struct trace *t, const struct paint_canvas *canvas)
{
	bool agree = same(s->alice_end, s->bob_end);
	char text[NAME], data[256];

	ev_heading(t, "A paint that everybody knows, and two that only one knows");
	has(t, canvas, "everybody", "common paint", s->common, "agreed in the open: p and g");
	has(t, canvas, "Alice", "secret paint", s->alice, "never sent: her private key");
	has(t, canvas, "Bob", "secret paint", s->bob, "never sent: his private key");

	ev_heading(t, "Each mixes one part of both, and sends the pot");
	ev_explain(t, "Mixing is quick. Taking a pot apart again is hard, and that is what the picture rests on.");
	sends(t, canvas, "Alice", "Bob", s->alice_mix);
	sends(t, canvas, "Bob", "Alice", s->bob_mix);

	ev_heading(t, "Each adds one part of the own secret paint to what came");
	has(t, canvas, "Alice", "end colour", s->alice_end, "Bob's pot and her secret paint");
	has(t, canvas, "Bob", "end colour", s->bob_end, "Alice's pot and his secret paint");
	ev_check(t, "same-colour", agree ? VERDICT_PASS : VERDICT_FAIL, NULL, "have they the same colour?",
	    "common paint, Alice's and Bob's, one part each; the order of pouring makes no difference");
	tell_eve(s, t, canvas);
	snprintf(data, sizeof(data), "{\"common\":\"%s\",\"alice_sends\":\"%s\",\"bob_sends\":\"%s\",\"end\":\"%s\"}",
	    paint_name(s->common), paint_name(s->alice_mix), paint_name(s->bob_mix), paint_name(s->alice_end));
	ev_result(t, agree ? ERR_OK : ERR_NEGATIVE, data, "both have %s, and it was never sent",
	    describe(text, s->alice_end));
}

/* The frame of a scene: its lab, its trace, its prose, its verdict. */
#include "demo.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo_capture.h"

static void fail(struct demo *d, enum err e)
{
	if (d->err == ERR_OK)
		d->err = e;
}

/* --- prose --- */

const char *demo_text(struct demo *d, const char *path)
{
	const char *text = NULL;

	if (config_lookup_string(&d->prose, path, &text))
		return text;
	ev_warning(&d->trace, "the scene's file has no text '%s'", path);
	fail(d, ERR_FORMAT);
	return "";
}

void demo_act(struct demo *d, const char *id)
{
	char path[128];

	if (d->trace.first_error != ERR_OK) /* nobody reads on, or the disk is full */
		fail(d, d->trace.first_error);

	snprintf(path, sizeof(path), "acts.%s.title", id);
	ev_heading(&d->trace, "%s", demo_text(d, path));
	snprintf(path, sizeof(path), "acts.%s.explain", id);
	config_setting_t *list = config_lookup(&d->prose, path);
	for (int i = 0; list && i < config_setting_length(list); i++) {
		const char *text = config_setting_get_string_elem(list, i);
		if (text)
			ev_explain(&d->trace, "%s", text);
	}
	snprintf(path, sizeof(path), "acts.%s.predict", id);
	ev_decision(&d->trace, "predicted", NULL, "predicted: %s", demo_text(d, path));
}

static bool read_prose(struct demo *d, const char *data_dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/scenes/%s.conf", data_dir, name);
	config_init(&d->prose);
	if (config_read_file(&d->prose, path))
		return true;
	if (config_error_type(&d->prose) == CONFIG_ERR_FILE_IO)
		cli_fail(d->cli, ERR_IO, "can't read %s: %s", path, strerror(errno));
	else
		cli_fail(d->cli, ERR_FORMAT, "%s:%d: %s", path, config_error_line(&d->prose),
		    config_error_text(&d->prose));
	fail(d, config_error_type(&d->prose) == CONFIG_ERR_FILE_IO ? ERR_IO : ERR_FORMAT);
	return false;
}

/* --- verdicts --- */

void demo_expect(struct demo *d, const char *id, bool came_true, const char *what, const char *fmt, ...)
{
	char text[768];
	va_list ap;

	if (cli_interrupted())
		return; /* what was cut short came neither true nor false */
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d->checks++;
	d->unexpected += !came_true;
	ev_check(&d->trace, id, came_true ? VERDICT_PASS : VERDICT_FAIL, NULL, what, "%s", text);
}

/* The scene's own result: an attack or a lookup that went otherwise than predicted is a no; a scene that
 * checked nothing has shown nothing, and that is no success. */
static int verdict(struct demo *d, const char *name)
{
	char data[128];

	snprintf(
	    data, sizeof(data), "{\"scene\":\"%s\",\"checks\":%u,\"unexpected\":%u}", name, d->checks, d->unexpected);
	if (cli_interrupted()) {
		ev_result(&d->trace, ERR_CLOSED, data, "interrupted; the lab is as it was before");
		return 130;
	}
	if (d->err != ERR_OK) {
		ev_result(&d->trace, d->err, data, "the scene could not be played to its end: %s", err_text(d->err));
		return (int)err_exit(d->err);
	}
	if (d->checks == 0 || d->unexpected > 0) {
		ev_result(&d->trace, ERR_NEGATIVE, data, "%u of %u predictions did not come true", d->unexpected,
		    d->checks);
		return EXIT_NO;
	}
	if (d->checks == 1)
		ev_result(&d->trace, ERR_OK, data, "the prediction came true");
	else
		ev_result(&d->trace, ERR_OK, data,
		    "all %u predictions came true, each observed on the wire or in what a program reported",
		    d->checks);
	return EXIT_YES;
}

/* --- the lab --- */

/* Connects to the running lab, or makes one for this scene. *own: it is ours to take down. */
static bool find_lab(struct demo *d, bool *own)
{
	enum err e = lab_open(&d->lab, d->lab_name);

	*own = false;
	if (e == ERR_CLOSED) {
		const char *const up[] = {"up", NULL};
		snprintf(d->lab_name, sizeof(d->lab_name), "demo-%d", (int)getpid());
		cli_progress("starting a mini-Internet for this scene");
		int status = demo_glasslab(d, up);
		cli_progress_end();
		if (status != EXIT_YES)
			return false; /* glasslab has said why */
		*own = true;
		e = lab_open(&d->lab, d->lab_name);
	}
	if (e != ERR_OK) {
		cli_fail(d->cli, e, "the lab '%s': %s", d->lab_name, err_text(e));
		fail(d, e);
	}
	return e == ERR_OK;
}

static bool find_self(struct demo *d)
{
	ssize_t n = readlink("/proc/self/exe", d->self, sizeof(d->self) - 1);

	d->self[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static void play(struct demo *d, const struct scene *scene)
{
	ev_heading(&d->trace, "%s", demo_text(d, "title"));
	scene->play(d);
	if (scene->clean)
		scene->clean(d);
}

int demo_main(struct cli *c, const char *lab_name, const char *data_dir, const struct scene *scene)
{
	struct demo d = {.cli = c, .data_dir = data_dir};
	const char *const down[] = {"down", NULL};
	bool own = false;
	int status = EXIT_INTERNAL;

	snprintf(d.lab_name, sizeof(d.lab_name), "%s", lab_name);
	cli_catch_interrupt();
	if (!find_self(&d) || !read_prose(&d, data_dir, scene->name))
		goto out;
	d.style = cli_style(c);
	if (!find_lab(&d, &own)) {
		status = d.err != ERR_OK ? (int)err_exit(d.err) : EXIT_INTERNAL;
		goto out;
	}
	char msg[256] = "";
	enum err e = demo_capture_start(&d.capture, d.lab_name, cli_get(c, "pcap"), msg);
	if (e != ERR_OK) {
		status = cli_interrupted() ? 130 : cli_fail(c, e, "%s", msg);
		goto out;
	}
	c->own_page = scene->own_page && scene->own_page(c);
	if (cli_trace_open(c, &d.trace, &clock_real, "glasslab") == ERR_OK) {
		cli_page_lab(c, lab_facts(d.lab));
		play(&d, scene);
	} else {
		fail(&d, ERR_IO);
	}
	status = verdict(&d, scene->name);
	status = cli_trace_close(c, &d.trace, status);
out:
	if (d.err != ERR_OK && status == EXIT_INTERNAL)
		status = (int)err_exit(d.err);
	demo_capture_stop(d.capture);
	lab_close(d.lab);
	if (own)
		(void)demo_glasslab(&d, down);
	config_destroy(&d.prose);
	return status;
}

#include "page.h"

#include <stdio.h>
#include <string.h>

#include "glassnet/addr_kind.h"

#define BODY_MAX (PAGE_MAX - 512)

static const char *reason(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 431:
		return "Request Header Fields Too Large";
	default:
		return "Bad Request";
	}
}

static void finish(struct page *out, unsigned status, const char *type, const char *body, bool head_only)
{
	int n = snprintf(out->bytes, sizeof out->bytes,
	    "HTTP/1.1 %u %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
	    "Access-Control-Allow-Origin: *\r\nVary: Accept\r\n%sConnection: close\r\n\r\n%s",
	    status, reason(status), type, strlen(body), status == 405 ? "Allow: GET, HEAD\r\n" : "",
	    head_only ? "" : body);
	out->status = status;
	out->len = n > 0 && (size_t)n < sizeof out->bytes ? (size_t)n : 0;
}

void page_refuse(struct page *out, unsigned status)
{
	char body[64];
	out->form = "text";
	snprintf(body, sizeof body, "%u %s\n", status, reason(status));
	finish(out, status, "text/plain", body, false);
}

/* Does the Accept header name this type? Weights are for those who have more than three forms to choose from. */
static bool accepts(const struct http *h, const uint8_t *p, const char *type)
{
	struct http_header a;
	return http_header_find(h, p, "accept", &a) && memmem(p + a.value.off, a.value.len, type, strlen(type));
}

static void html(char *body, size_t cap, const struct endpoint *peer)
{
	char ip[IP_TEXT];
	const struct addr_kind *k = addr_kind(&peer->ip);
	snprintf(body, cap,
	    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>What is my IP?</title>\n"
	    "<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"
	    "h1{font-size:2.4rem;margin:.2em 0;overflow-wrap:anywhere}</style>\n"
	    "<p>Your request came from</p>\n<h1 id=\"address\">%s</h1>\n"
	    "<p>port <b id=\"port\">%u</b>. This address is %s%s%s (%s): %s.</p>\n"
	    "<p>If your own machine shows another address, a router on the way put this one in its place (network "
	    "address translation, NAT). Then every machine behind that router has this address here, and the port "
	    "tells them apart.</p>\n</html>\n",
	    ip_text(ip, &peer->ip), peer->port, k->name, *k->prefix ? ", of " : "", k->prefix, k->ref, k->meaning);
}

void page_answer(struct page *out, const struct http *h, const uint8_t *p, const struct endpoint *peer)
{
	char body[BODY_MAX], ip[IP_TEXT];
	bool head = http_span_is(p, h->method, "HEAD");
	if (!head && !http_span_is(p, h->method, "GET")) {
		page_refuse(out, 405);
		return;
	}
	bool root = http_span_is(p, h->target, "/");
	ip_text(ip, &peer->ip);
	if (http_span_is(p, h->target, "/json") || (root && accepts(h, p, "application/json"))) {
		snprintf(body, sizeof body, "{\"address\":\"%s\",\"port\":%u,\"family\":%u}\n", ip, peer->port,
		    peer->ip.family);
		out->form = "json";
		finish(out, 200, "application/json", body, head);
	} else if (root && accepts(h, p, "text/html")) {
		html(body, sizeof body, peer);
		out->form = "html";
		finish(out, 200, "text/html", body, head);
	} else if (root || http_span_is(p, h->target, "/ip")) {
		snprintf(body, sizeof body, "%s\n", ip);
		out->form = "text";
		finish(out, 200, "text/plain", body, head);
	} else {
		page_refuse(out, 404);
	}
}

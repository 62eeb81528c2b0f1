/* Addresses and their texts. The C library reads and writes them; here are the types and the edges. */
#include "glassnet/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

struct ip ip_from(uint8_t family, const void *bytes)
{
	struct ip a = {.family = family};

	memcpy(a.b, bytes, family == 4 ? 4 : 16);
	return a;
}

enum err ip_parse(struct ip *out, const char *text)
{
	*out = (struct ip){0};
	if (inet_pton(AF_INET, text, out->b) == 1)
		out->family = 4;
	else if (inet_pton(AF_INET6, text, out->b) == 1)
		out->family = 6;
	else
		return ERR_FORMAT;
	return ERR_OK;
}

int ip_compare(const struct ip *a, const struct ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return ip_compare(a, b) == 0;
}

/* The usual case, without printf: captures have one of these in every line. */
static char *ipv4_text(char out[static IP_TEXT], const uint8_t b[static 4])
{
	char *p = out;

	for (int i = 0; i < 4; i++) {
		if (b[i] >= 100)
			*p++ = (char)('0' + b[i] / 100);
		if (b[i] >= 10)
			*p++ = (char)('0' + b[i] / 10 % 10);
		*p++ = (char)('0' + b[i] % 10);
		*p++ = i < 3 ? '.' : '\0';
	}
	return out;
}

char *ip_text(char out[static IP_TEXT], const struct ip *a)
{
	if (a->family == 4)
		return ipv4_text(out, a->b);
	if (a->family == 0 || !inet_ntop(AF_INET6, a->b, out, IP_TEXT))
		snprintf(out, IP_TEXT, "-");
	return out;
}

char *endpoint_text(char out[static ENDPOINT_TEXT], const struct endpoint *e)
{
	char ip[IP_TEXT];

	snprintf(out, ENDPOINT_TEXT, e->ip.family == 6 ? "[%s]:%u" : "%s:%u", ip_text(ip, &e->ip), e->port);
	return out;
}

char *mac_text(char out[static MAC_TEXT], const struct mac *m)
{
	snprintf(
	    out, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", m->b[0], m->b[1], m->b[2], m->b[3], m->b[4], m->b[5]);
	return out;
}

/* A decimal port, 0 to 65535, and nothing after it. */
static enum err port_parse(uint16_t *out, const char *text)
{
	unsigned long v = 0;

	if (!*text || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text))
		return ERR_FORMAT;
	for (; *text; text++)
		v = v * 10 + (unsigned long)(*text - '0');
	if (v > 65535)
		return ERR_FORMAT;
	*out = (uint16_t)v;
	return ERR_OK;
}

enum err endpoint_parse(struct endpoint *out, const char *text, uint16_t def_port)
{
	char host[IP_TEXT];
	const char *first = strchr(text, ':'), *last = strrchr(text, ':'), *port = NULL, *begin = text;
	size_t len = strlen(text);

	*out = (struct endpoint){.port = def_port};
	if (text[0] == '[') {
		const char *close = strchr(text, ']');
		if (!close || (close[1] != '\0' && close[1] != ':'))
			return ERR_FORMAT;
		port = close[1] == ':' ? close + 2 : NULL;
		begin = text + 1;
		len = (size_t)(close - begin);
	} else if (first && first == last) {
		port = first + 1;
		len = (size_t)(first - text);
	}
	if (len >= sizeof(host))
		return ERR_FORMAT;
	memcpy(host, begin, len);
	host[len] = '\0';
	if (port && port_parse(&out->port, port) != ERR_OK)
		return ERR_FORMAT;
	return ip_parse(&out->ip, host);
}

enum err endpoint_from_sockaddr(struct endpoint *out, const struct sockaddr *sa, socklen_t len)
{
	*out = (struct endpoint){0};
	if (sa->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		out->ip = ip_from(4, &in.sin_addr);
		out->port = ntohs(in.sin_port);
		return ERR_OK;
	}
	if (sa->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		out->ip = ip_from(6, &in6.sin6_addr);
		out->port = ntohs(in6.sin6_port);
		return ERR_OK;
	}
	return ERR_FORMAT;
}

socklen_t endpoint_to_sockaddr(struct sockaddr_storage *out, const struct endpoint *e)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(e->port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};

	memset(out, 0, sizeof(*out));
	if (e->ip.family == 4) {
		memcpy(&in.sin_addr, e->ip.b, 4);
		memcpy(out, &in, sizeof(in));
		return sizeof(in);
	}
	if (e->ip.family == 6) {
		memcpy(&in6.sin6_addr, e->ip.b, 16);
		memcpy(out, &in6, sizeof(in6));
		return sizeof(in6);
	}
	return 0;
}

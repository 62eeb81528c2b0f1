/* Addresses: IPv4, IPv6, endpoints, MAC addresses, and their texts (RFC 5952 for IPv6). */
#ifndef GLASSNET_ADDR_H
#define GLASSNET_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "glassnet/err.h"

struct ip {
	uint8_t family; /* 4 or 6; 0: none */
	uint8_t b[16];  /* network order; the first 4 for IPv4, the rest zero */
};

struct endpoint {
	struct ip ip;
	uint16_t port; /* host order */
};

struct mac {
	uint8_t b[6];
};

#define IP_TEXT       46 /* "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255" and a NUL */
#define ENDPOINT_TEXT 56 /* "[" IP "]:65535" and a NUL */
#define MAC_TEXT      18

/* Reads an address in its usual text. ERR_FORMAT if it is none. */
enum err ip_parse(struct ip *out, const char *text) MUST_USE;
struct ip ip_from(uint8_t family, const void *bytes);
bool ip_equal(const struct ip *a, const struct ip *b);
int ip_compare(const struct ip *a, const struct ip *b);

/* Each writes its text to out and returns out. */
char *ip_text(char out[static IP_TEXT], const struct ip *a);
char *endpoint_text(char out[static ENDPOINT_TEXT], const struct endpoint *e);
char *mac_text(char out[static MAC_TEXT], const struct mac *m);

/* "ADDR", "ADDR:PORT", "[V6]:PORT", "V6"; def_port where none is given. */
enum err endpoint_parse(struct endpoint *out, const char *text, uint16_t def_port) MUST_USE;

/* To and from socket addresses. The second returns the length, 0 when e has no address. */
enum err endpoint_from_sockaddr(struct endpoint *out, const struct sockaddr *sa, socklen_t len) MUST_USE;
socklen_t endpoint_to_sockaddr(struct sockaddr_storage *out, const struct endpoint *e);

#endif

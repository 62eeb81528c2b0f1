/* The servers that the scripts speak of: root, edu, cmu.edu and others. */
#ifndef DNSVIEW_TEST_TREE_H
#define DNSVIEW_TEST_TREE_H

#include "net.h"

#define ROOT    "198.41.0.4"
#define ROOT_V6 "2001:503:ba3e::2:30"
#define EDU     "192.33.14.30"
#define CMU     "192.0.2.18"
#define HOSTING "198.51.100.18"
#define EVIL    "203.0.113.66"

#define REFERRAL_EDU                                                                                                 \
	{                                                                                                            \
		ROOT, "*", "*", "", NULL, "edu. 172800 NS b.edu-servers.net.",                                       \
		    "b.edu-servers.net. 172800 A 192.33.14.30", SAY                                                  \
	}
#define REFERRAL_CMU                                                                                                 \
	{                                                                                                            \
		EDU, "*", "*", "", NULL, "cmu.edu. 3600 NS ns1.cmu.edu.", "ns1.cmu.edu. 3600 A 192.0.2.18", SAY      \
	}
#define WWW(ttl)                                                                                                     \
	{                                                                                                            \
		CMU, "www.cmu.edu.", "A", "aa", "www.cmu.edu. " ttl " A 192.0.2.66", NULL, NULL, SAY                 \
	}
#define SOA_CMU "cmu.edu. 900 SOA ns1.cmu.edu. admin.cmu.edu. 1 7200 900 604800 300"
#define END                                                                                                          \
	{                                                                                                            \
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, SAY                                                        \
	}

#endif

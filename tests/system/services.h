// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the servers of the system tests answer, ours and Linux's alike. The streams are pattern.h's.

#pragma once

#include <stdint.h>

struct tcp;
struct tcp_conn;

// Ports: the one of RFC 862, and what RFC 863 and 864 have on ports where the tests want to be
// refused.
enum service {
	SERVICE_ECHO = 7,
	SERVICE_DISCARD = 1009, // takes the stream up to FIN, then tells its length in a line
	SERVICE_SOURCE = 1019,  // is told a length in a line, then sends so much of the stream
};

// Listen for all of them, on any address. Returns 0 or an error of tcp_listen.
int services_listen(struct tcp *tcp);
// What tcp_event told of a connection to one of them.
void services_event(struct tcp_conn *conn, uint32_t events);

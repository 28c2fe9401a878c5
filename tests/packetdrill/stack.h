// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One host with its own ip/ and tcp/ on a clock that moves only when told to. IP datagrams go in;
// what it sends waits in a queue with the moment it was sent.

#pragma once

#include "dataplane/ip/ip.h"
#include "dataplane/tcp/tcp.h"
#include "tests/packetdrill/layout.h"

struct stack_config {
	struct tcp_config tcp;
	enum layout layout;
	bool quick_acks; // acknowledge the first segments at once, as the library does by itself
	bool push;       // PSH on whatever carries data: where to set it is the sender's choice
	uint16_t mtu;
	struct ip_addr local, gateway;
	uint8_t prefix;
};

struct frame {
	struct frame *next;
	uint64_t at_us;
	size_t n;
	uint8_t bytes[];
};

struct stack {
	struct stack_config config;
	struct pkt_pool *pool;
	struct ip *ip;
	struct tcp *tcp;
	uint64_t now_us;
	uint64_t random;
	struct frame *head, *tail; // sent, not yet taken
};

// NULL when memory is short or the configuration is wrong.
struct stack *stack_new(const struct stack_config *config) must_check;
void stack_free(struct stack *stack);

// One IP datagram arrives; a TCP segment longer than the MTU as the packets it was merged from.
void stack_input(struct stack *stack, const void *datagram, size_t n);
// Send what the last calls made sendable.
void stack_settle(struct stack *stack);
// Turn the clock on, timers included.
void stack_advance(struct stack *stack, uint64_t us);
// The oldest datagram sent, which the caller frees; NULL when there is none.
struct frame *stack_output(struct stack *stack) must_check;

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// From EVENT_LOGIN to COMMAND_IDENTITY. A token whose issuer's keys are being fetched waits, in a
// copy of its own; an answer for which a worker's ring has no room waits too. Nothing is lost, and
// nobody waits for somebody else's issuer.
//
// One control thread.

#pragma once

#include "controlplane/identity/identity.h"
#include "dataplane/api/event.h"

enum logins_limit { LOGINS_WAITING_MAX = 1024, LOGINS_WAIT_SECONDS = 15 };

struct logins;

// Hand a command to a worker; false when its ring is full, upon which it is offered again.
typedef bool logins_answer(void *ctx, uint16_t worker, const struct command *command);

struct logins *logins_new(struct identity *identity, logins_answer *answer, void *ctx) must_check;
// Those that wait are forgotten: the workers have ended. Accepts NULL.
void logins_free(struct logins *logins);

// An EVENT_LOGIN. Verifies its token, which is not looked at after the return.
void logins_add(struct logins *logins, const struct event *event, uint64_t now);

// Go on with what waits. Call in every round of the control loop.
void logins_poll(struct logins *logins, uint64_t now);

struct logins_stats {
	uint64_t accepted, refused;
	uint32_t waiting;
};
struct logins_stats logins_stats(const struct logins *logins);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A session of the relay whose client and server say what the input wants, in the order it wants,
// over a perfect wire. Whatever they say, the session ends, everything it took comes back, what was
// opened is closed, and no secret is recorded; the simulator checks that.
//
// The first byte chooses how far the session has come. Then each step is one byte, whose upper two
// bits say who speaks and whether it is a message with its length put right, and whose lower six
// bits say how many bytes of the input follow. Without any, it is control that acts on what is
// held.

#include "dataplane/base/log.h"
#include "tests/sim/relay_world.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum progress { AT_CONNECTED, AT_SECURE, AT_ENTERING, AT_OPEN, AT_COUNT };
enum step { STEP_CLIENT, STEP_SERVER, STEP_CLIENT_MESSAGE, STEP_SERVER_MESSAGE };
enum { STEP_US = 2000 };

static struct span input;

static struct agent *advance(struct sim *sim, enum progress at)
{
	struct agent *a;
	sim->database.mode = at == AT_OPEN ? SERVER_PUPPET : SERVER_STRANGER;
	if (at == AT_OPEN)
		return agent_login(sim, PORT_PLAIN);
	a = agent_new(sim, PORT_PLAIN);
	if (at == AT_CONNECTED)
		return a;
	agent_secure(a);
	if (at == AT_SECURE)
		return a;
	agent_start(a);
	agent_expect(a, "R");
	agent_token(a, TOKEN_GOOD);
	sim_pass(sim, 10 * STEP_US);
	return a;
}

static void speak(struct buf *out, enum step step, struct span bytes)
{
	if (step == STEP_CLIENT || step == STEP_SERVER) {
		if (buf_append(out, bytes) != 0)
			abort();
	} else if (bytes.n > 0) {
		say(out, (char)bytes.p[0], "r", bytes.n - 1, bytes.p + 1);
	}
}

// Something is decided, or another policy comes into force.
static void control(struct sim *sim, enum step step)
{
	static const enum decision decisions[] = {
		[STEP_CLIENT] = DECISION_APPROVED,
		[STEP_SERVER] = DECISION_REFUSED,
		[STEP_CLIENT_MESSAGE] = DECISION_AGAIN,
	};
	if (step == STEP_SERVER_MESSAGE)
		gateway_publish(&sim->gateway, &sim->policy);
	else if (sim->gateway.n_held > 0)
		gateway_decide(&sim->gateway, decisions[step], "so be it");
	else
		gateway_mislead(&sim->gateway, sim->gateway.last_hold, 1);
}

static void play(struct sim *sim)
{
	struct span rest = span_from(input, 1);
	struct agent *a = advance(sim, input.p[0] % AT_COUNT);
	while (rest.n > 0) {
		enum step step = rest.p[0] >> 6;
		struct span bytes = span_first(span_from(rest, 1), rest.p[0] & 63);
		struct database_session *server = database_session(&sim->database);
		if (bytes.n == 0)
			control(sim, step);
		else if (step == STEP_CLIENT || step == STEP_CLIENT_MESSAGE)
			speak(&a->peer.out, step, bytes);
		else if (server != NULL)
			speak(&server->peer.out, step, bytes);
		sim_pass(sim, STEP_US);
		rest = span_from(rest, 1 + bytes.n);
	}
	sim_pass(sim, 10 * STEP_US);
}

static void set_up(struct sim *sim)
{
	sim->config.relay.login_timeout_ms = sim->config.relay.connect_timeout_ms = 300;
	sim->policy.allow = EFFECT_ALL & ~EFFECT_WRITE;
	sim->policy.hold = EFFECT_WRITE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct scenario scenario = {"fuzz", play, set_up};
	static const struct sim_options options = {.seed = 1};
	static struct sim sim;
	static bool ready;
	if (!ready) {
		log_setup(LOG_ERROR, false);
		policies_init(PATTERN_LIBRARY);
		ready = true;
	}
	if (size == 0)
		return 0;
	input = span_of(data, size);
	const char *fault = sim_run(&sim, &scenario, &options);
	if (fault != NULL) {
		fprintf(stderr, "relay: %s\n", fault);
		abort();
	}
	return 0;
}

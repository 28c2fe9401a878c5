// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/stage.h"

_Thread_local struct stages *stage_mine;

const char *stage_name(enum stage stage)
{
	static const char *const names[STAGE_COUNT] = {
		[STAGE_IDLE] = "idle",     [STAGE_LOOP] = "loop",
		[STAGE_RX] = "rx",         [STAGE_INPUT] = "input",
		[STAGE_RELAY] = "relay",   [STAGE_HANDSHAKE] = "handshake",
		[STAGE_OPEN] = "open",     [STAGE_FRAME] = "frame",
		[STAGE_JUDGE] = "judge",   [STAGE_SCAN] = "scan",
		[STAGE_RECORD] = "record", [STAGE_SEAL] = "seal",
		[STAGE_OUTPUT] = "output", [STAGE_TIMERS] = "timers",
		[STAGE_TX] = "tx",
	};

	return names[stage];
}

void stages_follow(struct stages *stages, struct stage_counts *counts)
{
	stage_mine = stages;
	if (stages == NULL)
		return;
	*stages = (struct stages){.counts = counts, .now = STAGE_LOOP};
	stages->since = __builtin_ia32_rdtsc();
}

void stages_begin_turn(void)
{
	(void)stage_enter(STAGE_LOOP);
}

void stages_end_turn(bool busy)
{
	struct stages *mine = stage_mine;

	if (mine == NULL)
		return;
	(void)stage_switch(mine, STAGE_LOOP);
	for (unsigned i = 0; i < STAGE_COUNT; i++) {
		mine->counts->cycles[busy ? i : STAGE_IDLE] += mine->turn[i];
		mine->turn[i] = 0;
	}
}

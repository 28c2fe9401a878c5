// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What events call resource 3 of policy version 17. Names are kept for good, one copy of each: how
// many there are is the operator's doing. One control thread.

#pragma once

#include "dataplane/api/snapshot.h"

enum names_limit {
	NAMES_VERSIONS = 16, // that are remembered: more than can be alive
	NAMES_NONE = 0,      // the number of ""
};

struct names {
	char (*list)[SNAPSHOT_NAME_MAX];
	uint32_t n;
	struct {
		uint32_t version; // 0: unused
		uint16_t n;
		uint32_t *numbers; // by resource
	} versions[NAMES_VERSIONS];
	uint32_t next; // in versions
};

// Returns 0 or -ENOMEM. Free with names_fini.
int names_init(struct names *names) must_check;
// Accepts a zeroed one.
void names_fini(struct names *names);

// Remember a snapshot's resources. Returns 0 or -ENOMEM.
int names_learn(struct names *names, const struct snapshot *snapshot) must_check;
// The number of a resource's name; NAMES_NONE when the version is forgotten or never was.
uint32_t names_number(const struct names *names, uint32_t version, uint16_t resource);
// Valid until the next names_learn.
const char *names_text(const struct names *names, uint32_t number);

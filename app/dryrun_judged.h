// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A session of a recording, while its commands are judged again.

#pragma once

#include "app/dryrun_run.h"

enum { JUDGED_COLUMNS_MAX = 256 }; // of a result that are looked at

struct judged {
	char name[SESSION_NAME_SIZE];
	struct subject *subject; // NULL: the record does not tell enough
	char resource_name[SNAPSHOT_NAME_MAX];
	int resource; // in the candidate; -1: it has none of that name
	struct ip_addr client;
	struct rights rights;
	bool has_rights, counted;
	uint64_t commands; // recorded
	// the command that the answers belong to
	struct buf text;
	bool pending;  // its verdict has not come
	bool answered; // it was let through, and would be: what comes back is compared
	bool exposed;
	uint64_t time_ns;
	char old_action[16], old_reason[24], old_rule[SNAPSHOT_NAME_MAX];
	struct verdict verdict;
	uint64_t masked, unmasked; // values
	bool changed;
	// the result's columns: which of the candidate's masks has that name, or -1
	uint16_t n_columns;
	int16_t columns[JUDGED_COLUMNS_MAX];
};

// Does `text` hold `word`?
bool dryrun_has_word(struct span text, const char *word);
// Does it hold what a masker leaves of equal values?
bool dryrun_is_tagged(struct span text);

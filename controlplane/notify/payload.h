// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a receiver is sent. `fields` are those of notify_put.
//
// webhook: {"event", "delivery", "time_ns", "link", and what `fields` has}
// slack:   blocks (incoming webhook)
// teams:   a message with an Adaptive Card 1.4
//
// What others wrote (names, reasons, the excerpt) goes where neither Slack nor Teams looks for
// markup: nobody can write a link or call a channel through it.

#pragma once

#include "controlplane/notify/notify.h"

struct payload {
	enum config_channel channel;
	enum notify_event event;
	int64_t delivery;
	uint64_t time_ns;
	const char *console_url; // "": no link
	const json_t *fields;
};

// NULL: no memory. Free with free().
char *payload_text(const struct payload *payload) must_check;

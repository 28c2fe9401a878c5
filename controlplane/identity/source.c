// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/source.h"

#include <stdio.h>

void source_fini(struct source *source)
{
	keyset_unref(source->keys);
	source->keys = NULL;
}

// True when the clock says that `seconds` have passed, or was set back.
static bool is_due(const struct source *source, uint64_t now, uint64_t seconds)
{
	return !source->tried || now < source->last_try || now - source->last_try >= seconds;
}

static bool ask(struct source *source, uint64_t now, uint64_t seconds)
{
	if (!source->remote || source->wanted || source->fetching || !is_due(source, now, seconds))
		return false;
	source->wanted = true;
	source->tried = true;
	source->last_try = now;
	return true;
}

bool source_tick(struct source *source, uint64_t now)
{
	if (source->keys == NULL)
		return ask(source, now, SOURCE_RETRY);
	return ask(source, now, source->error[0] != '\0' ? SOURCE_UNKNOWN : SOURCE_REFRESH);
}

bool source_miss(struct source *source, uint64_t now)
{
	source->unknown++;
	return ask(source, now, source->keys == NULL ? SOURCE_RETRY : SOURCE_UNKNOWN) ||
	       source->wanted || source->fetching;
}

bool source_expire(struct source *source, uint64_t now)
{
	if (!source->remote || source->keys == NULL)
		return false;
	if (now < source->good_at) // the clock was set back: count from here
		source->good_at = now;
	if (now - source->good_at < SOURCE_LAST_GOOD)
		return false;
	keyset_unref(source->keys);
	source->keys = NULL;
	return true;
}

void source_deliver(struct source *source, struct keyset *keys, const char *why)
{
	source->fetching = false;
	source->fetches++;
	if (keys == NULL) {
		source->failed++;
		snprintf(source->error, sizeof(source->error), "%s", why);
		return;
	}
	keyset_unref(source->keys);
	source->keys = keyset_ref(keys);
	source->good_at = source->last_try;
	source->error[0] = '\0';
}

void source_carry(struct source *to, const struct source *from)
{
	*to = *from;
	to->keys = keyset_ref(from->keys);
}

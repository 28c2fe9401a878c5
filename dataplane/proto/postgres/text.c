// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/text.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool starts(struct span text, const char *word)
{
	size_t n = strlen(word);

	if (n > text.n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (lower(text.p[i]) != (uint8_t)word[i])
			return false;
	return true;
}

// What is in the text, whatever it means there.
struct found {
	bool prepare, declare, copy, stdin_word, replication, set, set_config, discard, escape;
	bool reverts, more;
};

static void look(struct found *found, struct span at)
{
	switch (lower(at.p[0])) {
	case 'p':
		found->prepare |= starts(at, "prepare");
		break;
	case 'd':
		found->declare |= starts(at, "declare");
		found->discard |= starts(at, "discard");
		break;
	case 'c':
		found->copy |= starts(at, "copy");
		found->reverts |= starts(at, "commit");
		break;
	case 's':
		found->set |= starts(at, "set");
		found->set_config |= starts(at, "set_config");
		found->stdin_word |= starts(at, "stdin");
		found->replication |= starts(at, "start_replication");
		break;
	case 'u':
		found->escape |= starts(at, "u&");
		break;
	case 'r':
		found->reverts |= starts(at, "rollback");
		break;
	case 'a':
		found->reverts |= starts(at, "abort");
		break;
	case 'e':
		found->reverts |= starts(at, "end");
		break;
	}
}

static struct span skip_space(struct span text)
{
	while (text.n > 0 && is_space(text.p[0]))
		text = span_from(text, 1);
	return text;
}

// One statement that begins with one of these has SET only as a clause of its own.
static bool is_plain(struct span text)
{
	static const char *const words[] = {"select", "insert", "update", "delete",
					    "with",   "values", "fetch",  "merge"};

	text = skip_space(text);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);
		if (starts(text, words[i]) &&
		    (text.n == n || is_space(text.p[n]) || text.p[n] == '('))
			return true;
	}
	return false;
}

uint8_t pg3_text_traits(struct span text)
{
	struct found found = {0};
	uint8_t traits = 0;

	for (size_t i = 0; i < text.n; i++) {
		struct span at = span_from(text, i);
		look(&found, at);
		if (at.p[0] == ';' && skip_space(span_from(at, 1)).n > 0)
			found.more = true;
	}
	if (found.prepare)
		traits |= TRAIT_PREPARES;
	if (found.declare)
		traits |= TRAIT_DECLARES;
	if ((found.copy && found.stdin_word) || found.replication)
		traits |= TRAIT_COPIES;
	// A name may be written U&"\0073et_config", a keyword may not.
	if (is_plain(text) && !found.more) {
		if (found.set_config || found.escape)
			traits |= TRAIT_SETS;
		return traits;
	}
	if (found.set || found.discard || found.escape)
		traits |= TRAIT_SETS;
	if (found.reverts)
		traits |= TRAIT_REVERTS;
	return traits;
}

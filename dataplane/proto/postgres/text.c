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
	bool prepare, declare, copy, from_client, replication;
	bool set_config, settings, escape; // ways to a setting from within any statement
	bool context;                      // the settings that matter here, or all of them
	bool indirect;                     // DO, CALL, EXECUTE: text that is not here
	bool reverts, more;
};

static bool is_word(uint8_t c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	       c >= 0x80;
}

// `word` in full.
static bool is(struct span at, const char *word)
{
	size_t n = strlen(word);

	return starts(at, word) && (at.n == n || !is_word(at.p[n]));
}

static void look(struct found *found, struct span at)
{
	switch (lower(at.p[0])) {
	case 'a':
		found->reverts |= is(at, "abort");
		break;
	case 'c':
		found->copy |= starts(at, "copy");
		found->context |= starts(at, "client_encoding");
		found->indirect |= is(at, "call");
		found->reverts |= is(at, "commit");
		break;
	case 'd':
		found->declare |= starts(at, "declare");
		found->context |= is(at, "discard");
		found->indirect |= is(at, "do");
		break;
	case 'e':
		found->indirect |= is(at, "execute");
		found->reverts |= is(at, "end");
		break;
	case 'n':
		found->context |= is(at, "names");
		break;
	case 'p':
		found->prepare |= starts(at, "prepare");
		found->settings |= starts(at, "pg_settings");
		break;
	case 'r':
		found->context |= is(at, "reset");
		found->reverts |= is(at, "rollback");
		break;
	case 's':
		found->set_config |= starts(at, "set_config");
		found->from_client |= starts(at, "stdin");
		found->replication |= starts(at, "start_replication");
		found->context |= starts(at, "standard_conforming");
		break;
	case 'u':
		found->escape |= starts(at, "u&");
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
	if ((found.copy && found.from_client) || found.replication)
		traits |= TRAIT_COPIES;
	// A name may be written U&"\0073et_config", a keyword may not.
	if (found.set_config || found.settings || found.escape)
		traits |= TRAIT_SETS;
	if (is_plain(text) && !found.more)
		return traits;
	if (found.context || found.indirect)
		traits |= TRAIT_SETS;
	if (found.reverts)
		traits |= TRAIT_REVERTS;
	return traits;
}

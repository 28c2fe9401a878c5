// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/read.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum read_limit { WORDS_MAX = 32, DISTANCE_TEXT_MAX = 64 };

void read_fail(struct reader *r, struct config_position at, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	config_error_add(r->errors, r->file, at, "%s", text);
}

// Levenshtein's distance, cut off at texts that no one would mistake for each other.
static unsigned distance(const char *a, const char *b)
{
	unsigned row[DISTANCE_TEXT_MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > DISTANCE_TEXT_MAX || m > DISTANCE_TEXT_MAX)
		return UINT32_MAX;
	for (unsigned j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned best = diagonal + (tolower((unsigned char)a[i - 1]) !=
						    tolower((unsigned char)b[j - 1]));
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[m];
}

const char *read_suggestion(
	const char *text, const char *const *candidates, size_t n, char out[static 96]
)
{
	unsigned best = strlen(text) < 4 ? 2 : 3; // closer than that
	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(text, candidates[i]);
		if (d >= best)
			continue;
		best = d;
		snprintf(out, 96, "; did you mean `%.64s`?", candidates[i]);
	}
	return out;
}

static bool is_known(const char *key, const char *const *known)
{
	for (; *known != NULL; known++)
		if (strcmp(key, *known) == 0)
			return true;
	return false;
}

bool read_map(struct reader *r, const struct node *node, const char *what, const char *const *known)
{
	char hint[96];
	size_t n = 0;

	if (node->kind != NODE_MAP) {
		read_fail(r, node->at, "%s must be a map of keys and values", what);
		return false;
	}
	while (known[n] != NULL)
		n++;
	for (const struct node *pair = node->first; pair != NULL; pair = pair->next)
		if (!is_known(pair->key, known))
			read_fail(
				r, pair->key_at, "unknown key `%.64s` in %s%s", pair->key, what,
				read_suggestion(pair->key, known, n, hint)
			);
	return true;
}

bool read_list(struct reader *r, const struct node *node, const char *what, uint32_t max)
{
	if (node->kind != NODE_LIST) {
		read_fail(r, node->at, "%s must be a list", what);
		return false;
	}
	if (node->n > max) {
		read_fail(r, node->at, "%s has %u items; at most %u", what, node->n, max);
		return false;
	}
	return true;
}

const struct node *read_need(
	struct reader *r, const struct node *map, const char *what, const char *key
)
{
	const struct node *node = tree_get(map, key);

	if (node == NULL && map->kind == NODE_MAP)
		read_fail(r, map->at, "%s has no `%s`; add it", what, key);
	return node;
}

static const char *scalar(struct reader *r, const struct node *node, const char *what)
{
	if (node->kind != NODE_SCALAR) {
		read_fail(r, node->at, "`%s` must be a single value", what);
		return NULL;
	}
	if (node->text[0] == '\0') {
		read_fail(r, node->at, "`%s` has no value; write one or remove the key", what);
		return NULL;
	}
	return node->text;
}

bool read_text(struct reader *r, const struct node *node, const char *what, char *out, size_t size)
{
	const char *text = scalar(r, node, what);

	if (text == NULL)
		return false;
	if (strlen(text) >= size) {
		read_fail(r, node->at, "`%s` is longer than %zu bytes", what, size - 1);
		return false;
	}
	memcpy(out, text, strlen(text) + 1);
	return true;
}

bool read_name(struct reader *r, const struct node *node, const char *what, char *out, size_t size)
{
	if (!read_text(r, node, what, out, size))
		return false;
	for (const char *c = out; *c != '\0'; c++) {
		if (isalnum((unsigned char)*c) || strchr("-_.", *c) != NULL)
			continue;
		read_fail(
			r, node->at, "`%s` may hold letters, digits, `-`, `_` and `.` only", what
		);
		return false;
	}
	return true;
}

bool read_path(
	struct reader *r, const struct node *node, const char *what,
	char out[static CONFIG_PATH_MAX]
)
{
	const char *text = scalar(r, node, what);

	if (text == NULL)
		return false;
	const char *folder = text[0] == '/' ? "" : r->folder;
	if (strlen(folder) + strlen(text) >= CONFIG_PATH_MAX) {
		read_fail(r, node->at, "`%s` is longer than %d bytes", what, CONFIG_PATH_MAX - 1);
		return false;
	}
	snprintf(out, CONFIG_PATH_MAX, "%s%s", folder, text);
	return true;
}

bool read_bool(struct reader *r, const struct node *node, const char *what, bool *out)
{
	static const struct word words[] = {{"true", 1}, {"false", 0}, {NULL, 0}};
	int value;

	if (!read_word(r, node, what, words, &value))
		return false;
	*out = value == 1;
	return true;
}

// Decimal digits at the start of `text`. Returns what follows; NULL when there are none or too
// many.
static const char *digits(const char *text, uint64_t *out)
{
	uint64_t value = 0;
	const char *c = text;

	for (; *c >= '0' && *c <= '9'; c++) {
		if (value > (UINT64_MAX - 9) / 10)
			return NULL;
		value = value * 10 + (uint64_t)(*c - '0');
	}
	*out = value;
	return c == text ? NULL : c;
}

bool read_number(
	struct reader *r, const struct node *node, const char *what, uint64_t min, uint64_t max,
	uint64_t *out
)
{
	const char *text = scalar(r, node, what);
	uint64_t value;

	if (text == NULL)
		return false;
	const char *end = digits(text, &value);
	if (end == NULL || *end != '\0' || value < min || value > max) {
		read_fail(
			r, node->at, "`%s` must be a number from %" PRIu64 " to %" PRIu64, what,
			min, max
		);
		return false;
	}
	*out = value;
	return true;
}

struct unit {
	const char *text;
	uint64_t factor;
};

// A number and one of `units` (ends with text NULL).
static bool with_unit(const char *text, const struct unit *units, uint64_t *out)
{
	uint64_t value;
	const char *unit = digits(text, &value);

	if (unit == NULL)
		return false;
	for (; units->text != NULL; units++) {
		if (strcmp(unit, units->text) != 0)
			continue;
		if (value > UINT64_MAX / units->factor)
			return false;
		*out = value * units->factor;
		return true;
	}
	return false;
}

bool read_size(
	struct reader *r, const struct node *node, const char *what, uint64_t min, uint64_t max,
	uint64_t *out
)
{
	static const struct unit units[] = {
		{"", 1},
		{"B", 1},
		{"kB", 1000},
		{"KB", 1000},
		{"MB", 1000000},
		{"GB", 1000000000},
		{"KiB", UINT64_C(1) << 10},
		{"MiB", UINT64_C(1) << 20},
		{"GiB", UINT64_C(1) << 30},
		{NULL, 0},
	};
	const char *text = scalar(r, node, what);
	uint64_t value;

	if (text == NULL)
		return false;
	if (!with_unit(text, units, &value)) {
		read_fail(r, node->at, "`%s` must be a size such as 64KiB or 50MB", what);
		return false;
	}
	if (value < min || value > max) {
		read_fail(
			r, node->at, "`%s` must be from %" PRIu64 " to %" PRIu64 " bytes", what,
			min, max
		);
		return false;
	}
	*out = value;
	return true;
}

static void duration_text(uint64_t ns, char out[static 32])
{
	static const struct unit units[] = {
		{"h", UINT64_C(3600000000000)}, {"m", UINT64_C(60000000000)},
		{"s", UINT64_C(1000000000)},    {"ms", UINT64_C(1000000)},
		{"us", UINT64_C(1000)},         {"ns", 1},
	};
	size_t i = 0;

	while (i < 5 && (ns < units[i].factor || ns % units[i].factor != 0))
		i++;
	snprintf(out, 32, "%" PRIu64 "%s", ns / units[i].factor, ns == 0 ? "" : units[i].text);
}

bool read_duration(
	struct reader *r, const struct node *node, const char *what, uint64_t min, uint64_t max,
	uint64_t *out
)
{
	static const struct unit units[] = {
		{"us", UINT64_C(1000)},
		{"ms", UINT64_C(1000000)},
		{"s", UINT64_C(1000000000)},
		{"m", UINT64_C(60000000000)},
		{"h", UINT64_C(3600000000000)},
		{"d", UINT64_C(86400000000000)},
		{NULL, 0},
	};
	const char *text = scalar(r, node, what);
	char low[32], high[32];
	uint64_t value = 0;

	if (text == NULL)
		return false;
	if (strcmp(text, "0") != 0 && !with_unit(text, units, &value)) {
		read_fail(r, node->at, "`%s` must be a time such as 250ms, 30s or 5m", what);
		return false;
	}
	if (value < min || value > max) {
		duration_text(min, low);
		duration_text(max, high);
		read_fail(r, node->at, "`%s` must be from %s to %s", what, low, high);
		return false;
	}
	*out = value;
	return true;
}

char *read_host_port(char *text, uint16_t *port)
{
	char *end = text;
	char *colon = strrchr(text, ':');
	unsigned long number = colon == NULL ? 0 : strtoul(colon + 1, &end, 10);
	if (number == 0 || number > UINT16_MAX || *end != '\0')
		return NULL;
	*colon = '\0';
	*port = (uint16_t)number;
	if (text[0] != '[')
		return text;
	if (colon == text + 1 || colon[-1] != ']')
		return NULL;
	colon[-1] = '\0';
	return text + 1;
}

bool read_address(struct reader *r, const struct node *node, const char *what, struct ip_addr *out)
{
	const char *text = scalar(r, node, what);

	if (text == NULL)
		return false;
	if (addr_parse(text, out) == 0)
		return true;
	read_fail(r, node->at, "`%s` must be an IP address such as 10.0.1.4", what);
	return false;
}

// "`a`, `b` or `c`"
static void words_text(const char *const *texts, size_t n, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && at + 72 < size; i++)
		at += (size_t)snprintf(
			out + at, size - at, "%s`%.64s`",
			i == 0       ? ""
			: i + 1 == n ? " or "
				     : ", ",
			texts[i]
		);
}

bool read_word(
	struct reader *r, const struct node *node, const char *what, const struct word *words,
	int *out
)
{
	const char *text = scalar(r, node, what);
	const char *texts[WORDS_MAX];
	char hint[96], all[256];
	size_t n = 0;

	if (text == NULL)
		return false;
	for (; words[n].text != NULL && n < WORDS_MAX; n++) {
		texts[n] = words[n].text;
		if (strcmp(text, words[n].text) != 0)
			continue;
		*out = words[n].value;
		return true;
	}
	words_text(texts, n, all, sizeof(all));
	read_fail(
		r, node->at, "`%s` must be %s, not `%.64s`%s", what, all, text,
		read_suggestion(text, texts, n, hint)
	);
	return false;
}

static bool add_name(
	struct reader *r, const struct node *node, const char *what, size_t longest,
	const struct config_names *before, struct config_name *out
)
{
	const char *text = scalar(r, node, what);

	if (text == NULL)
		return false;
	if (strlen(text) > longest) {
		read_fail(r, node->at, "a name in `%s` is longer than %zu bytes", what, longest);
		return false;
	}
	for (uint16_t i = 0; i < before->n; i++) {
		if (strcmp(before->list[i].text, text) != 0)
			continue;
		read_fail(r, node->at, "`%.64s` is in `%s` twice; remove one", text, what);
		return false;
	}
	*out = (struct config_name){node->at, text};
	return true;
}

bool read_names(
	struct reader *r, const struct node *node, const char *what, uint16_t max, size_t longest,
	struct config_names *out
)
{
	char quoted[80];
	bool ok = true;

	snprintf(quoted, sizeof(quoted), "`%s`", what);
	// Whoever writes one name alone sees how it is meant.
	if (node->kind == NODE_SCALAR && node->text[0] != '\0') {
		read_fail(r, node->at, "%s must be a list, such as [%.64s]", quoted, node->text);
		return false;
	}
	if (!read_list(r, node, quoted, max))
		return false;
	if (node->n == 0) {
		read_fail(r, node->at, "`%s` is empty; name something or remove it", what);
		return false;
	}
	struct config_name *list = arena_array(r->arena, node->n, sizeof(*list));
	if (list == NULL) {
		r->no_memory = true;
		return false;
	}
	struct config_names names = {0, list};
	for (const struct node *item = node->first; item != NULL; item = item->next) {
		if (add_name(r, item, what, longest, &names, &list[names.n]))
			names.n++;
		else
			ok = false;
	}
	*out = names;
	return ok;
}

const struct node *read_one_or_more(
	struct reader *r, const struct node *node, const char *what, uint32_t max
)
{
	char quoted[80];

	if (node->kind != NODE_LIST) {
		// The values behind a single one are its neighbours in the map.
		struct node *alone = arena_alloc(r->arena, sizeof(*alone));
		if (alone == NULL) {
			r->no_memory = true;
			return NULL;
		}
		*alone = *node;
		alone->next = NULL;
		return alone;
	}
	snprintf(quoted, sizeof(quoted), "`%s`", what);
	if (!read_list(r, node, quoted, max))
		return NULL;
	if (node->n == 0)
		read_fail(r, node->at, "`%s` is empty; write at least one", what);
	return node->first;
}

bool read_is_safe_url(const char *url)
{
	static const char *const starts[] = {
		"https://",      "http://127.0.0.1:", "http://127.0.0.1/", "http://[::1]:",
		"http://[::1]/", "http://localhost:", "http://localhost/"};

	// What stands in front of an @ is a user name, not the host.
	if (strchr(url, '@') != NULL)
		return false;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strncmp(url, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/sample.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct writer {
	uint32_t seed;
	uint8_t *out;
	size_t n, size;
	size_t every, due; // bytes a finding; where the next one goes
	unsigned finding;
};

const char *sample_kind_name(enum sample_kind kind)
{
	switch (kind) {
	case SAMPLE_LOG:
		return "log";
	case SAMPLE_JSON:
		return "json";
	case SAMPLE_CSV:
		return "csv";
	case SAMPLE_ROWS:
		return "rows";
	case SAMPLE_KINDS:
		break;
	}
	return "?";
}

static uint32_t dice(struct writer *w, uint32_t sides)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)w->seed * sides >> 32);
}

static const char *pick(struct writer *w, const char *const *words, uint32_t n)
{
	return words[dice(w, n)];
}

#define PICK(w, ...)                                \
	pick(w, (const char *const[]){__VA_ARGS__}, \
	     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

// What is found, when one is due; otherwise `other`.
static const char *value(struct writer *w, const char *other)
{
	static const char *const finds[] = {
		"jane.doe@example.com",
		"4111 1111 1111 1111",
		"192.0.2.17",
		"123-45-6789",
		"+1 415 555 0123",
		"AKIAIOSFODNN7EXAMPLE",
		"DE89370400440532013000",
		"ssn 536904399",
	};
	if (w->every == 0 || w->n < w->due)
		return other;
	w->due += w->every;
	return finds[w->finding++ % (sizeof(finds) / sizeof(finds[0]))];
}

static size_t write_log(struct writer *w, char *out, size_t size)
{
	const char *path = PICK(w, "orders", "carts", "users", "search", "invoices", "health");
	int n = snprintf(
		out, size,
		"2026-03-%02u %02u:%02u:%02u.%03u %s [worker-%u] GET /api/v2/%s/%u/items?page=%u&sort=created status=%u bytes=%u took=%uus trace=%08x%08x user=%s\n",
		1 + dice(w, 28), dice(w, 24), dice(w, 60), dice(w, 60), dice(w, 1000),
		PICK(w, "INFO", "DEBUG", "WARN"), dice(w, 64), path, dice(w, 10000000), dice(w, 40),
		200 + dice(w, 5), dice(w, 90000), dice(w, 90000), dice(w, UINT32_MAX),
		dice(w, UINT32_MAX),
		value(w, PICK(w, "alice", "bob", "carol", "system", "anonymous"))
	);
	return (size_t)n;
}

static size_t write_json(struct writer *w, char *out, size_t size)
{
	int n = snprintf(
		out, size,
		"{\"id\": %u, \"uuid\": \"%08x-%04x-4%03x-a%03x-%08x%04x\", \"created_at\": \"2026-03-%02uT%02u:%02u:%02uZ\", \"updated\": %u%09u, \"customer\": {\"name\": \"%s\", \"tier\": \"%s\", \"contact\": \"%s\"}, \"items\": [{\"sku\": \"SKU-%05u\", \"quantity\": %u, \"price\": %u.%02u}], \"status\": \"%s\", \"paid\": %s}\n",
		dice(w, UINT32_MAX), dice(w, UINT32_MAX), dice(w, 65536), dice(w, 4096),
		dice(w, 4096), dice(w, UINT32_MAX), dice(w, 65536), 1 + dice(w, 28), dice(w, 24),
		dice(w, 60), dice(w, 60), 1772, dice(w, 1000000000),
		PICK(w, "Ann Smith", "Wei Chen", "Jos\u00e9 Garc\u00eda", "O. Müller"),
		PICK(w, "gold", "silver", "basic"),
		value(w, PICK(w, "none", "by post", "in person")), dice(w, 100000), 1 + dice(w, 9),
		dice(w, 900), dice(w, 100),
		PICK(w, "open", "shipped", "returned", "awaiting payment"), PICK(w, "true", "false")
	);
	return (size_t)n;
}

static size_t write_csv(struct writer *w, char *out, size_t size)
{
	int n = snprintf(
		out, size, "%u,2026-03-%02u,%s,%s,%u,%u.%02u,%s,%s,\"%s\"\n", dice(w, 100000000),
		1 + dice(w, 28), PICK(w, "EU-WEST", "US-EAST", "AP-SOUTH"),
		PICK(w, "desk lamp", "office chair", "usb cable 2m", "monitor 27 inch"),
		1 + dice(w, 20), dice(w, 900), dice(w, 100), PICK(w, "EUR", "USD", "GBP"),
		PICK(w, "open", "shipped", "returned"),
		value(w, PICK(w, "leave at the door", "", "call before delivery", "gift wrap"))
	);
	return (size_t)n;
}

static size_t put_be(char *out, uint32_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (char)(v >> 8 * (n - 1 - i));
	return n;
}

static size_t write_row(struct writer *w, char *out, size_t size)
{
	char values[6][64];
	size_t n = 7;
	(void)size;
	snprintf(values[0], 64, "%u", dice(w, UINT32_MAX));
	snprintf(
		values[1], 64, "2026-03-%02u %02u:%02u:%02u.%06u+00", 1 + dice(w, 28), dice(w, 24),
		dice(w, 60), dice(w, 60), dice(w, 1000000)
	);
	snprintf(
		values[2], 64, "%s",
		PICK(w, "desk lamp", "office chair", "usb cable 2m", "monitor 27 inch")
	);
	snprintf(values[3], 64, "%u.%02u", dice(w, 900), dice(w, 100));
	snprintf(
		values[4], 64, "%s",
		value(w, PICK(w, "leave at the door", "", "call before delivery", "gift wrap"))
	);
	snprintf(
		values[5], 64, "%08x-%04x-4%03x-a%03x-%08x%04x", dice(w, UINT32_MAX),
		dice(w, 65536), dice(w, 4096), dice(w, 4096), dice(w, UINT32_MAX), dice(w, 65536)
	);
	for (size_t i = 0; i < 6; i++) {
		size_t length = strlen(values[i]);
		n += put_be(out + n, (uint32_t)length, 4);
		memcpy(out + n, values[i], length);
		n += length;
	}
	out[0] = 'D';
	put_be(out + 1, (uint32_t)n - 1, 4);
	put_be(out + 5, 6, 2);
	return n;
}

void sample_fill(enum sample_kind kind, uint32_t seed, size_t every, uint8_t *out, size_t n)
{
	static size_t (*const writers[SAMPLE_KINDS])(struct writer * w, char *out, size_t size) = {
		[SAMPLE_LOG] = write_log,
		[SAMPLE_JSON] = write_json,
		[SAMPLE_CSV] = write_csv,
		[SAMPLE_ROWS] = write_row,
	};
	struct writer w = {.seed = seed, .out = out, .size = n, .every = every, .due = every};
	char line[1024];
	while (w.n < n) {
		size_t length = writers[kind](&w, line, sizeof(line));
		if (length > n - w.n)
			length = n - w.n;
		memcpy(out + w.n, line, length);
		w.n += length;
	}
}

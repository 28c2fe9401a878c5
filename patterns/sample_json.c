// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Answers of an API: compact or indented, flat or deep.

#include "patterns/sample_record.h"

// Where a value goes: behind its key, on a line of its own when the document is indented.
struct shape {
	bool indented;
	unsigned depth;
	bool first;
};

static void put_break(struct sample_record *r, struct shape *s)
{
	if (s->indented) {
		sample_text(r, "\n");
		for (unsigned i = 0; i < s->depth; i++)
			sample_text(r, "  ");
	}
}

static void put_key(struct sample_record *r, struct shape *s, const char *key)
{
	if (!s->first)
		sample_text(r, ",");
	s->first = false;
	put_break(r, s);
	sample_text(r, "\"");
	sample_text(r, key);
	sample_text(r, s->indented ? "\": " : "\":");
}

static void open_one(struct sample_record *r, struct shape *s, const char *bracket)
{
	sample_text(r, bracket);
	s->depth++;
	s->first = true;
}

static void close_one(struct sample_record *r, struct shape *s, const char *bracket)
{
	s->depth--;
	put_break(r, s);
	sample_text(r, bracket);
	s->first = false;
}

static void put_quoted(struct sample_record *r, void (*one)(struct sample_record *))
{
	sample_text(r, "\"");
	one(r);
	sample_text(r, "\"");
}

// Prose with what a string must escape.
static void put_string(struct sample_record *r, unsigned n)
{
	sample_text(r, "\"");
	for (; n > 0; n--) {
		if (sample_one_in(r, 24))
			sample_context(r);
		else
			sample_prose(r, 1 + sample_dice(r, 8));
		SAMPLE_ONE(
			r, ". ", "\\n", ": \\\"", "\\\" ", " \\/ ", "\\u00e9", "\\t", " \\u2013 ",
			"! "
		);
	}
	sample_text(r, "\"");
}

static void put_hash(struct sample_record *r)
{
	sample_hex(r, sample_one_in(r, 2) ? 64 : 40);
}

static void put_reference(struct sample_record *r)
{
	SAMPLE_ONE(r, "ord_", "cus_", "evt_", "item-", "ORD-2026-", "SKU-", "B0", "LX");
	if (sample_one_in(r, 2))
		sample_digits(r, 5 + sample_dice(r, 8));
	else
		sample_id(r, 14);
}

static void put_item(struct sample_record *r, struct shape *s)
{
	open_one(r, s, "{");
	put_key(r, s, "sku");
	put_quoted(r, put_reference);
	put_key(r, s, "title");
	put_string(r, 1);
	put_key(r, s, "quantity");
	sample_number(r, 2);
	put_key(r, s, "price");
	sample_decimal(r);
	if (sample_one_in(r, 2)) {
		put_key(r, s, "in_stock");
		SAMPLE_ONE(r, "true", "false", "null");
	}
	close_one(r, s, "}");
}

static void put_order(struct sample_record *r, struct shape *s)
{
	put_key(r, s, "status");
	SAMPLE_ONE(r, "\"open\"", "\"shipped\"", "\"returned\"", "\"awaiting_payment\"");
	put_key(r, s, "customer");
	open_one(r, s, "{");
	put_key(r, s, "name");
	put_quoted(r, sample_person);
	put_key(r, s, "since");
	put_quoted(r, sample_date);
	put_key(r, s, "notes");
	put_string(r, sample_dice(r, 4));
	close_one(r, s, "}");
	put_key(r, s, "items");
	open_one(r, s, "[");
	for (unsigned n = 1 + sample_dice(r, 5); n > 0; n--) {
		if (!s->first)
			sample_text(r, ",");
		put_break(r, s);
		put_item(r, s);
	}
	close_one(r, s, "]");
	put_key(r, s, "total");
	sample_decimal(r);
}

static void put_event(struct sample_record *r, struct shape *s)
{
	put_key(r, s, "type");
	SAMPLE_ONE(
		r, "\"order.created\"", "\"page.viewed\"", "\"build.finished\"", "\"cart.updated\""
	);
	put_key(r, s, "path");
	put_quoted(r, sample_path);
	put_key(r, s, "user_agent");
	put_quoted(r, sample_agent);
	put_key(r, s, "commit");
	put_quoted(r, put_hash);
	put_key(r, s, "version");
	put_quoted(r, sample_version);
	put_key(r, s, "host");
	put_quoted(r, sample_host);
	put_key(r, s, "message");
	put_string(r, 1 + sample_dice(r, 4));
}

static void put_series(struct sample_record *r, struct shape *s)
{
	put_key(r, s, "metric");
	SAMPLE_ONE(r, "\"http_requests_total\"", "\"cpu_seconds\"", "\"queue_depth\"");
	put_key(r, s, "points");
	sample_text(r, "[");
	for (unsigned n = 4 + sample_dice(r, 30), i = 0; i < n; i++) {
		sample_text(r, i == 0 ? "[17" : ",[17");
		sample_digits(r, 8);
		sample_text(r, ",");
		sample_decimal(r);
		sample_text(r, "]");
	}
	sample_text(r, "]");
}

static void put_article(struct sample_record *r, struct shape *s)
{
	put_key(r, s, "title");
	put_string(r, 1);
	put_key(r, s, "author");
	put_quoted(r, sample_person);
	put_key(r, s, "body");
	put_string(r, 5 + sample_dice(r, 60));
	put_key(r, s, "tags");
	sample_text(r, "[\"new\",\"");
	sample_word(r);
	sample_text(r, "\",\"");
	sample_word(r);
	sample_text(r, "\"]");
}

void sample_json(struct sample_record *r)
{
	static void (*const bodies[])(struct sample_record *, struct shape *) = {
		put_order, put_order, put_event, put_event, put_series, put_article,
	};
	struct shape s = {.indented = sample_one_in(r, 3)};
	open_one(r, &s, "{");
	put_key(r, &s, "id");
	if (sample_one_in(r, 2))
		put_quoted(r, sample_uuid);
	else
		sample_number(r, 12);
	put_key(r, &s, "created_at");
	put_quoted(r, sample_stamp);
	bodies[sample_dice(r, sizeof(bodies) / sizeof(bodies[0]))](r, &s);
	put_key(r, &s, "etag");
	put_quoted(r, put_hash);
	put_key(r, &s, "updated");
	sample_text(r, "17"); // seconds or milliseconds of these years
	sample_digits(r, sample_one_in(r, 2) ? 8 : 11);
	if (r->every > 0 && r->before + r->n >= r->due) {
		put_key(r, &s, "contact");
		sample_text(r, "\"");
		(void)sample_findings(r);
		sample_text(r, "\"");
	}
	close_one(r, &s, "}");
	sample_text(r, "\n");
}

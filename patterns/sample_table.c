// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Tables: a stretch of one, with its head, then of another; as CSV (RFC 4180) or as PostgreSQL's
// messages.

#include "patterns/sample_record.h"

#include <string.h>

struct column {
	const char *name;
	void (*put)(struct sample_record *r);
	unsigned empty; // of 100 values
};

struct sample_table {
	unsigned n;
	struct column columns[12];
};

static void put_serial(struct sample_record *r)
{
	sample_number(r, 9);
}

static void put_bigint(struct sample_record *r)
{
	sample_digits(r, 10 + sample_dice(r, 9));
}

static void put_small(struct sample_record *r)
{
	sample_number(r, 4);
}

static void put_bool(struct sample_record *r)
{
	SAMPLE_ONE(r, "t", "f");
}

static void put_money(struct sample_record *r)
{
	sample_number(r, 5);
	sample_text(r, ".");
	sample_some(r, 2, "0123456789", 10);
}

static void put_time(struct sample_record *r)
{
	sample_date(r);
	sample_text(r, " ");
	sample_clock(r, sample_one_in(r, 4) ? 3 : 6);
	sample_text(r, "+00");
}

static void put_status(struct sample_record *r)
{
	SAMPLE_ONE(r, "open", "shipped", "returned", "awaiting_payment", "cancelled", "on hold");
}

static void put_region(struct sample_record *r)
{
	SAMPLE_ONE(
		r, "EU-WEST", "US-EAST", "AP-SOUTH", "eu-central-1", "us-west-2", "DE", "BR", "JP"
	);
}

static void put_currency(struct sample_record *r)
{
	SAMPLE_ONE(r, "EUR", "USD", "GBP", "JPY", "BRL", "PLN");
}

static void put_sku(struct sample_record *r)
{
	sample_some(r, 2, "ABCDEFGHJKLMNPRSTUVWXYZ", 23);
	sample_text(r, "-");
	sample_digits(r, 4 + sample_dice(r, 3));
	SAMPLE_ONE(r, "", "-BL", "-XL", "/2", ".001", "-0500");
}

static void put_order_number(struct sample_record *r)
{
	SAMPLE_ONE(r, "ORD-", "2026-", "WEB", "PO/", "");
	sample_digits(r, 6 + sample_dice(r, 6));
}

static void put_product(struct sample_record *r)
{
	sample_prose(r, 2 + sample_dice(r, 3));
}

static void put_notes(struct sample_record *r)
{
	if (sample_findings(r))
		sample_text(r, " ");
	sample_prose(r, 1 + sample_dice(r, 24));
}

static void put_body(struct sample_record *r)
{
	for (unsigned n = 1 + sample_dice(r, 5); n > 0; n--) {
		if (sample_one_in(r, 16))
			sample_context(r);
		else
			sample_prose(r, 4 + sample_dice(r, 20));
		SAMPLE_ONE(r, ". ", "\n", "! ", "; ", "? ");
	}
}

static void put_digest(struct sample_record *r)
{
	sample_hex(r, 64);
}

static void put_binary(struct sample_record *r)
{
	sample_text(r, "\\x");
	sample_hex(r, 2 * (8 + sample_dice(r, 40)));
}

static void put_document(struct sample_record *r)
{
	sample_text(r, "{\"seen\": ");
	sample_number(r, 9);
	sample_text(r, ", \"ref\": \"");
	sample_id(r, 12);
	sample_text(r, "\", \"tags\": [\"");
	sample_word(r);
	sample_text(r, "\", \"");
	sample_word(r);
	sample_text(r, "\"], \"note\": \"");
	sample_prose(r, 1 + sample_dice(r, 6));
	sample_text(r, "\", \"ratio\": ");
	sample_decimal(r);
	sample_text(r, "}");
}

static void put_list(struct sample_record *r)
{
	sample_text(r, "{");
	for (unsigned n = 1 + sample_dice(r, 6); n > 0; n--) {
		sample_number(r, 6);
		sample_text(r, n == 1 ? "}" : ",");
	}
}

static const struct sample_table tables[] = {
	{11,
	 {{"id", put_serial, 0},
	  {"order_no", put_order_number, 0},
	  {"created_at", put_time, 0},
	  {"customer_id", put_serial, 0},
	  {"status", put_status, 0},
	  {"currency", put_currency, 0},
	  {"total", put_money, 0},
	  {"tax", put_money, 5},
	  {"warehouse", put_region, 0},
	  {"shipped_on", sample_date, 40},
	  {"notes", put_notes, 60}}},
	{9,
	 {{"uuid", sample_uuid, 0},
	  {"occurred_at", put_time, 0},
	  {"kind", put_status, 0},
	  {"path", sample_path, 10},
	  {"user_agent", sample_agent, 20},
	  {"host", sample_host, 0},
	  {"duration", sample_decimal, 0},
	  {"attributes", put_document, 10},
	  {"ok", put_bool, 0}}},
	{10,
	 {{"sku", put_sku, 0},
	  {"title", put_product, 0},
	  {"description", put_body, 10},
	  {"price", put_money, 0},
	  {"stock", put_small, 0},
	  {"weight", sample_decimal, 20},
	  {"active", put_bool, 0},
	  {"related", put_list, 30},
	  {"author", sample_person, 5},
	  {"updated_at", put_time, 0}}},
	{8,
	 {{"build", put_bigint, 0},
	  {"commit", put_digest, 0},
	  {"version", sample_version, 0},
	  {"runner", sample_host, 0},
	  {"started", put_time, 0},
	  {"artifact", put_binary, 30},
	  {"size", put_bigint, 0},
	  {"message", put_notes, 5}}},
	{7,
	 {{"id", put_bigint, 0},
	  {"parent_id", put_bigint, 50},
	  {"account_id", put_serial, 0},
	  {"body", put_body, 0},
	  {"votes", put_small, 0},
	  {"edited", put_bool, 0},
	  {"posted_at", put_time, 0}}},
};

// Out: whether another one begins.
static bool choose_table(struct sample_record *r)
{
	if (r->left > 0) {
		r->left--;
		return false;
	}
	r->table = &tables[sample_dice(r, sizeof(tables) / sizeof(tables[0]))];
	r->left = 40 + sample_dice(r, 400);
	return true;
}

// Quoted when it must be, and sometimes when not, from `start` on; a quote in it becomes two.
static void quote_cell(struct sample_record *r, size_t start)
{
	static char plain[SAMPLE_RECORD_MAX];
	size_t n = r->n - start;
	memcpy(plain, r->bytes + start, n);
	if (memchr(plain, '"', n) == NULL && memchr(plain, ',', n) == NULL &&
	    memchr(plain, '\n', n) == NULL && !sample_one_in(r, 8))
		return;
	r->n = start;
	sample_text(r, "\"");
	for (const char *p = plain, *end = plain + n; p < end;) {
		const char *quote = memchr(p, '"', (size_t)(end - p));
		const char *stop = quote == NULL ? end : quote + 1;
		sample_bytes(r, p, (size_t)(stop - p));
		sample_text(r, quote == NULL ? "" : "\"");
		p = stop;
	}
	sample_text(r, "\"");
}

void sample_csv(struct sample_record *r)
{
	bool head = choose_table(r);
	const struct sample_table *t = r->table;
	for (unsigned i = 0; i < t->n; i++) {
		size_t start = r->n;
		if (head)
			sample_text(r, t->columns[i].name);
		else if (sample_dice(r, 100) >= t->columns[i].empty)
			t->columns[i].put(r);
		quote_cell(r, start);
		sample_text(r, i + 1 < t->n ? "," : "");
	}
	if (!head && r->every > 0 && r->before + r->n >= r->due) {
		sample_text(r, ",");
		(void)sample_findings(r);
	}
	sample_text(r, "\r\n");
}

static void put_be(struct sample_record *r, uint32_t v, unsigned n)
{
	while (n-- > 0)
		sample_bytes(r, (const uint8_t[]){(uint8_t)(v >> 8 * n)}, 1);
}

static void set_be(struct sample_record *r, size_t at, uint32_t v)
{
	size_t n = r->n;
	r->n = at;
	put_be(r, v, 4);
	r->n = n;
}

// PostgreSQL 15 documentation, 55.7. All columns say they are text.
static void put_description(struct sample_record *r)
{
	sample_text(r, "T");
	put_be(r, 0, 4);
	put_be(r, r->table->n, 2);
	for (unsigned i = 0; i < r->table->n; i++) {
		sample_bytes(r, r->table->columns[i].name, strlen(r->table->columns[i].name) + 1);
		put_be(r, 16384 + (uint32_t)(r->table - tables), 4);
		put_be(r, i + 1, 2);
		put_be(r, 25, 4);
		put_be(r, 0xffff, 2);
		put_be(r, UINT32_MAX, 4);
		put_be(r, 0, 2);
	}
	set_be(r, 1, (uint32_t)r->n - 1);
}

void sample_row(struct sample_record *r)
{
	if (choose_table(r)) {
		put_description(r);
		return;
	}
	sample_text(r, "D");
	put_be(r, 0, 4);
	put_be(r, r->table->n, 2);
	for (unsigned i = 0; i < r->table->n; i++) {
		const struct column *column = &r->table->columns[i];
		size_t start = r->n;
		bool null = sample_dice(r, 100) < column->empty;
		put_be(r, UINT32_MAX, 4);
		if (null)
			continue;
		column->put(r);
		// Where there is no text in the table, the last column holds what is due.
		if (i + 1 == r->table->n && r->every > 0 && r->before + r->n >= r->due) {
			sample_text(r, " ");
			(void)sample_findings(r);
		}
		set_be(r, start, (uint32_t)(r->n - start - 4));
	}
	set_be(r, 1, (uint32_t)r->n - 1);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One record of patterns/sample.h: a line, a document, a row; and what records are made of.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sample_record_limit { SAMPLE_RECORD_MAX = 64 * 1024 };

struct sample_table;

struct sample_record {
	uint64_t seed;
	size_t before;                    // bytes of the text before this record
	size_t every, due;                // bytes a finding, or 0; where the next one goes
	const struct sample_table *table; // of CSV and rows, for `left` more lines
	unsigned left;
	size_t n;
	char bytes[SAMPLE_RECORD_MAX];
};

// A number below `sides`.
uint32_t sample_dice(struct sample_record *r, uint32_t sides);
static inline bool sample_one_in(struct sample_record *r, uint32_t n)
{
	return sample_dice(r, n) == 0;
}

void sample_bytes(struct sample_record *r, const void *p, size_t n);
void sample_text(struct sample_record *r, const char *text);
void sample_format(struct sample_record *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
// `n` characters of the `size` in `of`.
void sample_some(struct sample_record *r, unsigned n, const char *of, unsigned size);
// A number of `n` digits, or of 1 to `n`, short ones more often.
void sample_digits(struct sample_record *r, unsigned n);
void sample_number(struct sample_record *r, unsigned n);
void sample_decimal(struct sample_record *r);
// The check digit of `n` digits (ISO/IEC 7812-1, annex B).
unsigned sample_luhn(const char *digits, size_t n);
void sample_hex(struct sample_record *r, unsigned n);
void sample_base64(struct sample_record *r, unsigned n);
void sample_id(struct sample_record *r, unsigned n); // lower case and digits
void sample_uuid(struct sample_record *r);
void sample_date(struct sample_record *r);
void sample_clock(struct sample_record *r, unsigned decimals);
void sample_stamp(struct sample_record *r); // date and clock, of several forms
void sample_version(struct sample_record *r);
void sample_word(struct sample_record *r);
void sample_person(struct sample_record *r);
void sample_host(struct sample_record *r);
// A request's path, with a query or without.
void sample_path(struct sample_record *r);
void sample_agent(struct sample_record *r);
// Words with now and then a number, a name or a sign among them; and the findings that are due.
void sample_prose(struct sample_record *r, unsigned words);
// A stretch of prose that speaks of what has a number, without one.
void sample_context(struct sample_record *r);
// The findings that are due; false when there are none.
bool sample_findings(struct sample_record *r);

#define SAMPLE_ONE(r, ...)                                                                      \
	sample_text(                                                                            \
		r, (const char *const[]){__VA_ARGS__}[sample_dice(                              \
			   r, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *) \
		   )]                                                                           \
	)

void sample_log(struct sample_record *r);
void sample_json(struct sample_record *r);
void sample_csv(struct sample_record *r);
void sample_row(struct sample_record *r);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What is found in a sample: values of several entities.

#include "patterns/sample_record.h"

static void put_card(struct sample_record *r)
{
	size_t start = r->n;
	sample_text(r, "4");
	sample_some(r, 14, "0123456789", 10);
	sample_format(r, "%u", sample_luhn(r->bytes + start, 15));
}

// ISO 13616: the check digits make the number, country and check behind the rest, 1 modulo 97.
static void put_iban(struct sample_record *r)
{
	char rest[19];
	unsigned mod = 0;
	for (unsigned i = 0; i < 18; i++) {
		rest[i] = (char)('0' + sample_dice(r, 10));
		mod = (mod * 10 + (unsigned)(rest[i] - '0')) % 97;
	}
	rest[18] = '\0';
	for (const char *p = "131400"; *p != '\0'; p++) // DE00
		mod = (mod * 10 + (unsigned)(*p - '0')) % 97;
	sample_format(r, "DE%02u%s", 98 - mod, rest);
}

static void put_finding(struct sample_record *r)
{
	static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	switch (sample_dice(r, 8)) {
	case 0:
	case 1:
		sample_id(r, 3 + sample_dice(r, 9));
		SAMPLE_ONE(r, "@example.com", "@example.org", ".mail@post.example.net");
		break;
	case 2:
		sample_format(
			r, "%u.%u.%u.%u", 1 + sample_dice(r, 223), sample_dice(r, 256),
			sample_dice(r, 256), sample_dice(r, 256)
		);
		break;
	case 3:
		put_card(r);
		break;
	case 4:
		sample_format(
			r, "%03u-%02u-%04u", 100 + sample_dice(r, 500), 1 + sample_dice(r, 99),
			1 + sample_dice(r, 9999)
		);
		break;
	case 5:
		sample_format(r, "+1 415 555 %04u", sample_dice(r, 10000));
		break;
	case 6:
		sample_text(r, "AKIA");
		sample_some(r, 16, upper, 32);
		break;
	default:
		put_iban(r);
	}
}

bool sample_findings(struct sample_record *r)
{
	bool any = false;
	while (r->every > 0 && r->before + r->n >= r->due) {
		if (any)
			sample_text(r, " ");
		put_finding(r);
		r->due += r->every;
		any = true;
	}
	return any;
}

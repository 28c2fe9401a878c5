// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/locator_marks.h"

#include "patterns/grow.h"
#include "patterns/often.h"

#include <errno.h>

enum { WIDE_BUCKET = KERNEL_BUCKETS - 1 }; // for what does not begin with ASCII

int locator_marks_add(struct locator_marks *marks, struct locator_mark mark)
{
	struct locator_mark *more = list_grow((void **)&marks->list, &marks->count, sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	*more = mark;
	return 0;
}

// Does a bucket's bit let the byte pass at place `i`?
static bool passes(const struct kernel_tables *t, size_t i, uint8_t c, uint8_t bit)
{
	if (i == 0 && (bit == 1u << WIDE_BUCKET) != (c >= 0x80))
		return false;
	return (t->marks[i][c & 127] & bit) != 0;
}

static double bucket_often(const struct kernel_tables *t, uint8_t bit)
{
	double often = 1;
	for (size_t i = 0; i < KERNEL_MARK; i++) {
		struct byte_set set = {};
		for (unsigned c = 0; c < 256; c++) {
			if (passes(t, i, (uint8_t)c, bit))
				byte_set_add(&set, (uint8_t)c);
		}
		often *= often_bytes(&set);
	}
	return often;
}

// The mark's part that begins with ASCII, or the other one.
static struct locator_mark part_of(const struct locator_mark *mark, bool wide)
{
	struct locator_mark part = *mark;
	size_t none = wide ? 0 : 2;
	part.bytes[0].bits[none] = part.bytes[0].bits[none + 1] = 0;
	return part;
}

static bool is_empty(const struct byte_set *set)
{
	return (set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]) == 0;
}

static void put(struct kernel_tables *t, const struct locator_mark *part, uint8_t bit)
{
	for (size_t i = 0; i < KERNEL_MARK; i++) {
		for (unsigned c = 0; c < 256; c++) {
			if (!byte_set_has(&part->bytes[i], (uint8_t)c))
				continue;
			t->marks[i][c & 127] |= bit;
			t->mark_low[i][c & 15] |= bit;
			t->mark_high[i][c >> 4] |= bit;
		}
	}
}

// The bucket in which the mark lets the least more pass.
static uint8_t choose(const struct kernel_tables *tables, const struct locator_mark *part)
{
	uint8_t best = 1;
	double least = 2;
	for (unsigned k = 0; k < WIDE_BUCKET; k++) {
		struct kernel_tables with = *tables;
		uint8_t bit = (uint8_t)(1u << k);
		put(&with, part, bit);
		double more = bucket_often(&with, bit) - bucket_often(tables, bit);
		if (more < least) {
			least = more;
			best = bit;
		}
	}
	return best;
}

static void add_to_tables(struct kernel_tables *tables, const struct locator_mark *mark)
{
	struct locator_mark ascii = part_of(mark, false), wide = part_of(mark, true);
	if (!is_empty(&ascii.bytes[0]))
		put(tables, &ascii, choose(tables, &ascii));
	if (!is_empty(&wide.bytes[0]))
		put(tables, &wide, 1u << WIDE_BUCKET);
}

int locator_marks_finish(struct locator_marks *marks, struct kernel_tables *tables)
{
	if (marks->count == 0)
		return 0;
	marks->allows = calloc(KERNEL_MARK, sizeof(marks->allows[0]));
	if (marks->allows == NULL)
		return -ENOMEM;
	tables->has_marks = true;
	tables->wide_marks = 1u << WIDE_BUCKET;
	for (size_t mark = 0; mark < marks->count; mark++) {
		add_to_tables(tables, &marks->list[mark]);
		for (size_t i = 0; i < KERNEL_MARK && mark < MARKS_KNOWN; i++) {
			for (unsigned c = 0; c < 256; c++) {
				if (byte_set_has(&marks->list[mark].bytes[i], (uint8_t)c))
					marks->allows[i][c].words[mark / 64] |= UINT64_C(1)
										<< mark % 64;
			}
		}
	}
	return 0;
}

void locator_marks_fini(struct locator_marks *marks)
{
	free(marks->list);
	free(marks->allows);
	*marks = (struct locator_marks){};
}

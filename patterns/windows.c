// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/windows.h"

#include <errno.h>
#include <stdlib.h>

// Room for a last step behind a window, and for what parts it from the next one.
enum { BEHIND = DECODED_STEP + PIECE_GAP };

// A mark at each end of a window besides.
static size_t most_marks(size_t size)
{
	return size / DECODED_MARK + 2 * (size_t)(WINDOWS_MAX + 1);
}

int windows_init(struct windows *w, size_t size)
{
	*w = (struct windows){.size = size};
	w->text = malloc(size + BEHIND);
	w->marks = calloc(most_marks(size), sizeof(w->marks[0]));
	if (w->text == NULL || w->marks == NULL)
		return -ENOMEM;
	// Their pages are made here, not by a worker's scan.
	explicit_bzero(w->text, size + BEHIND);
	explicit_bzero(w->marks, most_marks(size) * sizeof(w->marks[0]));
	return 0;
}

void windows_fini(struct windows *w)
{
	free(w->text);
	free(w->marks);
	*w = (struct windows){0};
}

void windows_open(struct windows *w, struct decoded *d)
{
	d->text = w->text + w->n;
	d->size = w->size - w->n;
	d->marks = w->marks + w->mark_count;
}

void windows_keep(struct windows *w, const struct decoded *d, size_t from, size_t to)
{
	size_t start = w->n + d->skip, end = w->n + d->n;
	w->list[w->count] = (struct window){*d, from, to};
	w->pieces[w->count++] = (struct scan_piece){(uint32_t)start, (uint32_t)end, NULL};
	// What is skipped is less than a unit, and no text: it parts, too.
	memset(d->text, 0, d->skip);
	if (d->skip > 0)
		d->text[d->skip - 1] = '\n';
	w->n = (size_t)(piece_gap(d->text + d->n) - w->text);
	w->mark_count += d->mark_count;
}

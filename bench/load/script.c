// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/load/script.h"

#include "bench/load/message.h"
#include "patterns/sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BLOCK = 1 << 20, // bytes of rows that are said again and again
	SCRIPTS_MAX = 16,
	SEED = 7,
};

void rows_name(const struct rows *rows, char out[static ROWS_NAME])
{
	snprintf(
		out, ROWS_NAME, "rows_%" PRIu32 "_%" PRIu32 "_%" PRIu32, rows->rows, rows->bytes,
		rows->found
	);
}

bool rows_parse(struct span statement, struct rows *rows)
{
	char text[256];
	size_t n = statement.n < sizeof(text) ? statement.n : sizeof(text) - 1;

	memcpy(text, statement.p, n);
	text[n] = '\0';
	const char *at = strstr(text, "rows_");
	return at != NULL && sscanf(at, "rows_%" SCNu32 "_%" SCNu32 "_%" SCNu32, &rows->rows,
				    &rows->bytes, &rows->found) == 3;
}

static void need(int r)
{
	if (r != 0)
		abort();
}

// Text for rows, different in each.
static uint8_t *text_of(const struct rows *rows, uint32_t n)
{
	size_t bytes = (size_t)n * rows->bytes;
	uint8_t *text = malloc(bytes + 1);

	if (text == NULL)
		abort();
	sample_fill(SAMPLE_LOG, SEED, rows->found > 0 ? 1024 / rows->found : 0, text, bytes);
	return text;
}

static uint32_t rows_in_block(const struct rows *rows)
{
	uint64_t bytes = (uint64_t)rows->rows * rows->bytes;
	uint32_t n = BLOCK / (rows->bytes + 1);

	if (bytes <= BLOCK)
		return rows->rows;
	return n > 0 ? n : 1;
}

// RowDescription of one text column.
static void append_description(struct buf *to)
{
	static const uint8_t body[] = "\0\1body\0"
				      "\0\0\100\0\0\1\0\0\0\31\377\377\377\377\377\377\0";
	message_append(to, 'T', span_of(body, sizeof(body)));
}

static void append_row(struct buf *to, struct span text)
{
	need(buf_append_u8(to, 'D'));
	need(buf_append_be32(to, (uint32_t)text.n + 10));
	need(buf_append_be16(to, 1));
	need(buf_append_be32(to, (uint32_t)text.n));
	need(buf_append(to, text));
}

// What fits one block goes out in one piece.
static void settle(struct script *script, const struct rows *rows, uint32_t in_block)
{
	script->repeats = in_block == 0 ? 0 : rows->rows / in_block;
	if (script->repeats > 1)
		return;
	need(buf_append(&script->head, buf_span(&script->block)));
	need(buf_append(&script->head, buf_span(&script->tail)));
	buf_fini(&script->block);
	buf_fini(&script->tail);
	script->repeats = 0;
}

static void script_init(struct script *script)
{
	buf_init(&script->head, NULL, 2 * BLOCK);
	buf_init(&script->block, NULL, 2 * BLOCK);
	buf_init(&script->tail, NULL, BLOCK);
}

static void make_answer(struct script *script, const struct rows *rows, bool prepared)
{
	uint32_t in_block = rows_in_block(rows);
	uint8_t *text = text_of(rows, in_block);

	script_init(script);
	if (prepared)
		message_append(&script->head, '2', (struct span){0});
	append_description(&script->head);
	for (uint32_t i = 0; i < in_block; i++)
		append_row(&script->block, span_of(text + (size_t)i * rows->bytes, rows->bytes));
	message_append(&script->tail, 'C', SPAN_LIT("SELECT 1\0"));
	message_append(&script->tail, 'Z', SPAN_LIT("I"));
	settle(script, rows, in_block);
	free(text);
}

static void make_copy(struct script *script, const struct rows *rows)
{
	uint32_t in_block = rows_in_block(rows);
	uint8_t *text = text_of(rows, in_block);

	script_init(script);
	for (uint32_t i = 0; i < in_block; i++)
		message_append(
			&script->block, 'd', span_of(text + (size_t)i * rows->bytes, rows->bytes)
		);
	message_append(&script->tail, 'c', (struct span){0});
	settle(script, rows, in_block);
	free(text);
}

const struct script *script_answer(const struct rows *rows, bool prepared)
{
	static struct kept {
		struct rows rows;
		bool prepared;
		struct script script;
	} kept[SCRIPTS_MAX];
	static unsigned n;

	for (unsigned i = 0; i < n; i++) {
		if (memcmp(&kept[i].rows, rows, sizeof(*rows)) == 0 && kept[i].prepared == prepared)
			return &kept[i].script;
	}
	if (n == SCRIPTS_MAX)
		abort();
	kept[n].rows = *rows;
	kept[n].prepared = prepared;
	make_answer(&kept[n].script, rows, prepared);
	return &kept[n++].script;
}

const struct script *script_copy(const struct rows *rows)
{
	static struct script script;

	if (script.head.limit == 0)
		make_copy(&script, rows);
	return &script;
}

void player_start(struct player *player, const struct script *script)
{
	*player = (struct player){.script = script, .left = script->repeats};
}

static struct span next_part(struct player *player)
{
	if (player->part == 0) {
		player->part = 1;
		return buf_span(&player->script->head);
	}
	if (player->left > 0) {
		player->left--;
		return buf_span(&player->script->block);
	}
	struct span tail = buf_span(&player->script->tail);
	player->script = NULL;
	return tail;
}

bool player_go(struct player *player, struct link *link)
{
	while (player->script != NULL && link_is_idle(link)) {
		if (!link_send(link, next_part(player)))
			return false;
	}
	return true;
}

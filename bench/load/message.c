// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/load/message.h"

#include "dataplane/base/cursor.h"

#include <stdlib.h>

int messages_next(
	struct messages *messages, struct buf *plain, const char *types, struct span *body
)
{
	for (;;) {
		size_t have = buf_len(plain);
		size_t over = messages->skip < have ? (size_t)messages->skip : have;
		buf_consume(plain, over);
		messages->skip -= over;
		struct cursor c = cursor_of(buf_span(plain));
		uint8_t type = cursor_u8(&c);
		uint32_t len = cursor_be32(&c);
		if (c.bad)
			return 0;
		if (len < 4)
			return -1;
		len -= 4;
		if (type == 0 || strchr(types, type) == NULL) {
			messages->skip = len + UINT64_C(5);
			continue;
		}
		if (len > MESSAGE_SHOWN)
			return -1;
		*body = cursor_bytes(&c, len);
		if (c.bad)
			return 0;
		messages->skip = len + UINT64_C(5); // gone with the next call
		return type;
	}
}

static void need(int r)
{
	if (r != 0)
		abort();
}

void message_append(struct buf *to, char type, struct span body)
{
	need(buf_append_u8(to, (uint8_t)type));
	need(buf_append_be32(to, (uint32_t)body.n + 4));
	need(buf_append(to, body));
}

void message_startup(struct buf *to)
{
	static const char words[] = "user\0anyone\0database\0postgres\0";

	need(buf_append_be32(to, 8 + sizeof(words)));
	need(buf_append_be32(to, 3 << 16));
	need(buf_append(to, span_of(words, sizeof(words))));
}

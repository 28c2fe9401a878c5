// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What is approved, as a digest, and what approvers are shown of it.

#include "dataplane/relay/session.h"
#include "dataplane/tls/digest.h"

#include <stdlib.h>

static bool put_number(struct buf *out, uint64_t n)
{
	return buf_append(out, span_of(&n, sizeof(n))) == 0;
}

// With its length in front, so that no two lists of fields look alike.
static bool put(struct buf *out, struct span bytes)
{
	return put_number(out, bytes.n) && buf_append(out, bytes) == 0;
}

static bool put_command(struct buf *out, const struct proto_msg *msg)
{
	bool ok = put_number(out, msg->command) && put_number(out, msg->function_oid) &&
		  put(out, msg->statement) && put(out, msg->types) &&
		  put_number(out, msg->n_params);

	for (uint32_t i = 0; ok && i < msg->n_params; i++) {
		const struct proto_field *p = &msg->params[i];
		ok = put_number(out, p->null) && put_number(out, p->format) && put(out, p->value);
	}
	return ok;
}

// What the text means depends on them. A list that is not complete is of this session only.
static bool put_settings(struct buf *out, const struct session *s, const struct proto_msg *msg)
{
	return put(out, buf_span(&s->settings)) &&
	       put_number(out, s->settings_incomplete ? s->id : 0) &&
	       put_number(out, s->settings_incomplete ? s->commands : 0) &&
	       put_number(out, command_is_read_otherwise(s, msg));
}

static bool put_chain(struct buf *out, const struct subject *subject)
{
	bool ok = put(out, span_str(subject->issuer)) && put(out, span_str(subject->key)) &&
		  put_number(out, subject->n_links);

	for (uint16_t i = 0; ok && i < subject->n_links; i++)
		ok = put(out, span_of(&subject->links[i].node, sizeof(subject->links[i].node)));
	return ok;
}

int held_digest(
	struct relay *relay, const struct session *s, const struct proto_msg *msg,
	const struct verdict *verdict, uint8_t out[static 32]
)
{
	const struct span policy =
		span_of(relay->snapshot->digest, sizeof(relay->snapshot->digest));
	struct buf *all = &relay->scratch;

	buf_consume(all, buf_len(all));
	bool ok = put_command(all, msg) && put_settings(all, s, msg) &&
		  put(all, span_str(s->names->resource)) &&
		  put(all, span_str(s->names->upstream_database)) &&
		  put(all, span_str(s->names->database)) && put_chain(all, s->subject) &&
		  put(all, policy) && put_number(all, verdict->rule) &&
		  put_number(all, verdict->effects);
	if (!ok)
		return ERR_LIMIT;
	digest_sha256(buf_span(all), out);
	return 0;
}

// What of the recorded text is kept; not half a character of it.
static struct span kept(struct span text)
{
	size_t n = HOLD_TEXT_MAX;

	if (text.n <= n)
		return text;
	while (n > HOLD_TEXT_MAX - 4 && (text.p[n] & 0xc0) == 0x80)
		n--;
	return span_first(text, n);
}

// What the command means besides its words.
static int show_circumstances(const struct session *s, const struct proto_msg *msg, struct buf *out)
{
	static const struct span otherwise =
		SPAN_LIT("\n-- the server may read this text in another way than it looks: encoded "
			 "otherwise, or with backslashes that escape\n");
	int r = settings_show(s, out);

	if (r == 0 && command_is_read_otherwise(s, msg))
		r = buf_append(out, otherwise);
	return r;
}

int held_new(
	struct relay *relay, const struct session *s, const struct proto_msg *msg,
	const struct verdict *verdict, struct held **out
)
{
	struct buf *clear = &relay->scratch, *masked = &relay->text;

	buf_consume(masked, buf_len(masked));
	int r = recording_render(relay, msg, clear, masked);
	if (r == 0)
		r = show_circumstances(s, msg, clear);
	if (r != 0)
		return r;
	struct span text = buf_span(clear), recorded = kept(buf_span(masked));
	if (text.n > HOLD_TEXT_MAX)
		return ERR_LIMIT;
	// It goes to another thread, which frees it when a human has decided.
	struct held *held = calloc(1, sizeof(*held) + text.n + recorded.n);
	if (held == NULL)
		return ERR_POOL_EMPTY;
	held->id = s->hold->id;
	memcpy(held->digest, s->hold->digest, sizeof(held->digest));
	held->rule = verdict->rule;
	held->effects = verdict->effects;
	held->text_len = (uint32_t)text.n;
	held->masked_len = (uint32_t)recorded.n;
	held->cut = recorded.n < buf_len(masked);
	if (text.n > 0)
		memcpy(held->text, text.p, text.n);
	if (recorded.n > 0)
		memcpy(held->text + text.n, recorded.p, recorded.n);
	*out = held;
	return 0;
}

void held_free(struct held *held)
{
	if (held == NULL)
		return;
	explicit_bzero(held->text, held->text_len + (size_t)held->masked_len);
	free(held);
}

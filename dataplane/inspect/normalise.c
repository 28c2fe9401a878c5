// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Statement text for blocklist patterns: what is left when everything that means nothing is gone.

#include "dataplane/inspect/statement.h"

#include <pg_query.h>

static bool is_comment(const PgQuery__ScanToken *token)
{
	return token->token == PG_QUERY__TOKEN__SQL_COMMENT ||
	       token->token == PG_QUERY__TOKEN__C_COMMENT;
}

static int append_token(struct buf *out, const char *text, const PgQuery__ScanToken *token)
{
	size_t n = (size_t)(token->end - token->start);
	int r = buf_append(out, span_of(text + token->start, n));
	if (r != 0 || token->keyword_kind == PG_QUERY__KEYWORD_KIND__NO_KEYWORD)
		return r;
	for (uint8_t *p = buf_tail(out) - n; p < buf_tail(out); p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (uint8_t)(*p - 'a' + 'A');
	return 0;
}

static int append_tokens(struct buf *out, const char *text, const PgQuery__ScanResult *scan)
{
	int32_t end = 0, length = (int32_t)strlen(text);
	for (size_t i = 0; i < scan->n_tokens; i++) {
		const PgQuery__ScanToken *token = scan->tokens[i];
		if (token->start < end || token->end < token->start || token->end > length)
			return ERR_MALFORMED;
		if (is_comment(token))
			continue;
		int r = buf_len(out) > 0 && token->start > end ? buf_append_u8(out, ' ') : 0;
		if (r == 0)
			r = append_token(out, text, token);
		if (r != 0)
			return r;
		end = token->end;
	}
	return 0;
}

int statement_normalise(const char *text, struct buf *out, const char **too_much)
{
	// The scanner allocates within its own memory context, once per statement text not yet
	// cached.
	PgQueryScanResult result = pg_query_scan(text);
	PgQuery__ScanResult *scan = NULL;
	int r = ERR_MALFORMED;
	if (result.error == NULL)
		scan = pg_query__scan_result__unpack(
			NULL, result.pbuf.len, (const uint8_t *)result.pbuf.data
		);
	if (scan != NULL) {
		r = append_tokens(out, text, scan);
		if (scan->n_tokens > STATEMENT_TOKENS_MAX)
			*too_much = "it is too long";
		else
			*too_much = statement_nesting_fits(scan) ? NULL : "it is nested too deeply";
		pg_query__scan_result__free_unpacked(scan, NULL);
	}
	pg_query_free_scan_result(result);
	return r;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/inspect/reference.h"

#include "dataplane/inspect/keyword.h"
#include "dataplane/inspect/statement.h"
#include "dataplane/inspect/syntax.h"

#include <pg_query.h>

#include <stdlib.h>
#include <string.h>

static size_t append_token(char *out, const char *text, const PgQuery__ScanToken *token)
{
	size_t n = (size_t)(token->end - token->start);
	memcpy(out, text + token->start, n);
	if (token->keyword_kind != PG_QUERY__KEYWORD_KIND__NO_KEYWORD)
		for (size_t i = 0; i < n; i++)
			if (out[i] >= 'a' && out[i] <= 'z')
				out[i] = (char)(out[i] - 'a' + 'A');
	return n;
}

static size_t normalise(const char *text, const PgQuery__ScanResult *scan, char *out)
{
	size_t n = 0;
	int32_t end = 0;
	for (size_t i = 0; i < scan->n_tokens; i++) {
		const PgQuery__ScanToken *token = scan->tokens[i];
		if (token->token == PG_QUERY__TOKEN__SQL_COMMENT ||
		    token->token == PG_QUERY__TOKEN__C_COMMENT)
			continue;
		if (n > 0 && token->start > end)
			out[n++] = ' ';
		n += append_token(out + n, text, token);
		end = token->end;
	}
	return n;
}

// The library keeps the gap within a string of several parts; the normalised text does not.
static size_t fold_space(char *text, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		bool space = strchr(" \t\n\r\f", text[i]) != NULL && text[i] != '\0';
		if (!space)
			text[kept++] = text[i];
	}
	return kept;
}

// Of U&"a" and U&'a' the library says that they end where they begin.
static bool ends_are_known(const PgQuery__ScanResult *scan)
{
	for (size_t i = 0; i < scan->n_tokens; i++)
		if (scan->tokens[i]->token == PG_QUERY__TOKEN__UIDENT ||
		    scan->tokens[i]->token == PG_QUERY__TOKEN__USCONST)
			return false;
	return true;
}

static const char *compare_normalised(struct span text, const char *copy)
{
	PgQueryScanResult result = pg_query_scan(copy);
	PgQuery__ScanResult *scan = NULL;
	const char *fault = NULL;
	char *wanted = malloc(2 * text.n + 2);
	struct buf buf;
	buf_init(&buf, NULL, 2 * text.n + 2);
	if (result.error == NULL)
		scan = pg_query__scan_result__unpack(
			NULL, result.pbuf.len, (const uint8_t *)result.pbuf.data
		);
	if (scan != NULL && wanted != NULL && ends_are_known(scan) &&
	    statement_normalise(text, &buf) == 0) {
		size_t n = fold_space(wanted, normalise(copy, scan, wanted));
		size_t m = fold_space((char *)buf.data + buf.head, buf_len(&buf));
		if (n != m || memcmp(wanted, buf.data + buf.head, n) != 0)
			fault = "the normalised text differs";
	}
	if (scan != NULL)
		pg_query__scan_result__free_unpacked(scan, NULL);
	pg_query_free_scan_result(result);
	buf_fini(&buf);
	free(wanted);
	return fault;
}

static const char *compare_tree(const PgQueryProtobuf *bytes)
{
	struct syntax tree = {0};
	struct span data = span_of(bytes->data, bytes->len);
	const PgQuery__ParseResult *read = syntax_read(&tree, data);
	const char *fault = read == NULL ? "the tree cannot be read" : NULL;
	uint8_t *again = malloc(data.n + 1);
	if (read != NULL && again != NULL &&
	    (pg_query__parse_result__get_packed_size(read) != data.n ||
	     pg_query__parse_result__pack(read, again) != data.n ||
	     memcmp(again, data.p, data.n) != 0))
		fault = "the tree differs";
	free(again);
	syntax_fini(&tree);
	return fault;
}

const char *reference_compare(struct span text)
{
	const char *fault = NULL;
	char *copy = malloc(text.n + 1);
	if (copy == NULL)
		return NULL;
	keyword_init();
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (strlen(copy) == text.n && statement_too_much(copy) == NULL) {
		PgQueryProtobufParseResult result = pg_query_parse_protobuf(copy);
		if (result.error == NULL) {
			fault = compare_tree(&result.parse_tree);
			if (fault == NULL)
				fault = compare_normalised(text, copy);
		}
		pg_query_free_protobuf_parse_result(result);
	}
	free(copy);
	return fault;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/auth.h"

#include "dataplane/proto/postgres/memory.h"
#include "dataplane/proto/postgres/message.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum request {
	REQUEST_OK = 0,
	REQUEST_CLEARTEXT = 3,
	REQUEST_MD5 = 5,
	REQUEST_SASL = 10,
	REQUEST_SASL_CONTINUE = 11,
	REQUEST_SASL_FINAL = 12,
};

void pg3_auth_forget(struct pg3 *pg)
{
	if (pg->login != NULL && pg->login->scram_begun)
		scram_fini(&pg->login->scram);
	if (pg->login != NULL)
		pg->login->scram_begun = false;
}

static bool wrote(int result, enum proto_bad *bad)
{
	*bad = result == ERR_AUTH ? PROTO_BAD_AUTHENTICATION : PROTO_BAD_LIMIT;
	return result == 0;
}

static bool send_password(struct buf *to, struct span password, enum proto_bad *bad)
{
	const struct span parts[] = {password, {(const uint8_t *)"", 1}};

	return wrote(pg3_message_write(to, 'p', parts, 2), bad);
}

static bool md5_hex(struct span a, struct span b, char hex[33])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new(); // a few bytes of OpenSSL's own, once a login
	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_md5(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, a.p, a.n) == 1 && EVP_DigestUpdate(ctx, b.p, b.n) == 1 &&
		  EVP_DigestFinal_ex(ctx, md, &len) == 1 && len == 16;

	EVP_MD_CTX_free(ctx);
	for (unsigned i = 0; ok && i < 16; i++) {
		hex[2 * i] = digits[md[i] >> 4];
		hex[2 * i + 1] = digits[md[i] & 15];
	}
	hex[32] = '\0';
	OPENSSL_cleanse(md, sizeof(md));
	return ok;
}

// "md5" + md5(md5(password + user) + salt), clause "AuthenticationMD5Password".
static bool answer_md5(struct pg3 *pg, struct span salt, struct buf *to, enum proto_bad *bad)
{
	char inner[33], outer[3 + 33] = "md5";

	*bad = PROTO_BAD_AUTHENTICATION; // a library without MD5
	bool ok = md5_hex(pg->upstream->password, pg->upstream->user, inner) &&
		  md5_hex(span_of(inner, 32), salt, outer + 3) &&
		  send_password(to, span_of(outer, 35), bad);
	OPENSSL_cleanse(inner, sizeof(inner));
	OPENSSL_cleanse(outer, sizeof(outer));
	return ok;
}

// RFC 5802 section 6: who can bind and sees no offer to says so, and a server that did offer
// knows that somebody in between took the offer away.
static bool choose(struct cursor body, bool can_bind, enum scram_binding *flag)
{
	bool plain = false, plus = false;

	for (;;) {
		struct span mechanism = cursor_cstr(&body);
		if (body.bad || mechanism.n == 0)
			break;
		plain |= span_equal(mechanism, SPAN_LIT("SCRAM-SHA-256"));
		plus |= span_equal(mechanism, SPAN_LIT("SCRAM-SHA-256-PLUS"));
	}
	if (!cursor_done(&body))
		return false;
	if (plus && can_bind) {
		*flag = SCRAM_BINDING_USED;
		return true;
	}
	*flag = can_bind ? SCRAM_BINDING_UNUSED : SCRAM_BINDING_NONE;
	return plain;
}

static bool start_sasl(struct pg3 *pg, struct cursor body, struct buf *to, enum proto_bad *bad)
{
	enum scram_binding flag;
	struct span binding = span_of(pg->login->binding, pg->login->binding_len);
	uint8_t bytes[256], len[4] = {0};
	struct buf first = {.data = bytes, .cap = sizeof(bytes), .limit = sizeof(bytes)};

	*bad = PROTO_BAD_AUTHENTICATION;
	if (!choose(body, pg->server_secure && pg->login->binding_len > 0, &flag))
		return false;
	scram_init(
		&pg->login->scram, pg->upstream->password, pg->upstream->nonce, flag, binding,
		pg->upstream->scram_cache
	);
	pg->login->scram_begun = true;
	if (!wrote(scram_first(&pg->login->scram, &first), bad))
		return false;
	len[3] = (uint8_t)buf_len(&first);
	struct span name = flag == SCRAM_BINDING_USED ? span_of("SCRAM-SHA-256-PLUS", 19)
						      : span_of("SCRAM-SHA-256", 14);
	const struct span parts[] = {name, span_of(len, sizeof(len)), buf_span(&first)};
	return wrote(pg3_message_write(to, 'p', parts, 3), bad);
}

static bool continue_sasl(struct pg3 *pg, struct span data, struct buf *to, enum proto_bad *bad)
{
	uint8_t bytes[SCRAM_SERVER_FIRST_MAX + 512];
	struct buf final = {.data = bytes, .cap = sizeof(bytes), .limit = sizeof(bytes)};

	if (!wrote(scram_final(&pg->login->scram, data, &final), bad))
		return false;
	struct span part = buf_span(&final);
	return wrote(pg3_message_write(to, 'p', &part, 1), bad);
}

// The requests that begin an exchange: only one may.
static bool begin(
	struct pg3 *pg, uint32_t request, struct cursor body, struct buf *to, enum proto_bad *bad
)
{
	*bad = PROTO_BAD_AUTHENTICATION;
	if (pg->login->asked)
		return false;
	pg->login->asked = true;
	if (request == REQUEST_SASL)
		return start_sasl(pg, body, to, bad);
	struct span salt = request == REQUEST_MD5 ? cursor_bytes(&body, 4) : (struct span){0};
	if (!cursor_done(&body))
		return false;
	if (request == REQUEST_MD5)
		return answer_md5(pg, salt, to, bad);
	// The password itself is for no other ears.
	return pg->server_secure && send_password(to, pg->upstream->password, bad);
}

static bool let_in(struct pg3 *pg, struct proto_io *io, enum proto_bad *bad)
{
	// A server that skips the end of SCRAM has not proved that it is one.
	if (pg->login->scram_begun && !pg->login->scram_verified)
		return false;
	pg3_auth_forget(pg);
	pg->server = SERVER_SETUP;
	struct span ok = span_of("\0\0\0\0", 4);
	return wrote(pg3_message_write(io->to_client, 'R', &ok, 1), bad);
}

bool pg3_auth_take(struct pg3 *pg, struct cursor body, struct proto_io *io, enum proto_bad *bad)
{
	uint32_t request = cursor_be32(&body);

	*bad = PROTO_BAD_AUTHENTICATION;
	if (body.bad)
		return false;
	switch (request) {
	case REQUEST_OK:
		return cursor_done(&body) && let_in(pg, io, bad);
	case REQUEST_CLEARTEXT:
	case REQUEST_MD5:
	case REQUEST_SASL:
		return begin(pg, request, body, io->to_server, bad);
	case REQUEST_SASL_CONTINUE:
		if (!pg->login->scram_begun || pg->login->scram_continued)
			return false;
		pg->login->scram_continued = true;
		return continue_sasl(
			pg, cursor_bytes(&body, cursor_left(&body)), io->to_server, bad
		);
	case REQUEST_SASL_FINAL:
		if (!pg->login->scram_begun || !pg->login->scram_continued ||
		    pg->login->scram_verified)
			return false;
		pg->login->scram_verified =
			scram_verify(&pg->login->scram, cursor_bytes(&body, cursor_left(&body))) ==
			0;
		return pg->login->scram_verified;
	default:
		return false; // Kerberos, GSSAPI, SSPI...: we have no credential for them
	}
}

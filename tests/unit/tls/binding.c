// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/tls/loop.h"

#include <openssl/pem.h>

#include <stdio.h>

// The hash of the first certificate in FILE.pem, computed here.
static size_t expected(struct world *world, const char *file, const EVP_MD *md, uint8_t *out)
{
	char path[AUTHORITY_PATH];
	FILE *in = fopen(authority_path(world->root, file, ".pem", path), "r");
	assert_non_null(in);
	X509 *x = PEM_read_X509(in, NULL, NULL, NULL);
	fclose(in);
	unsigned int n;
	assert_int_equal(X509_digest(x, md, out, &n), 1);
	X509_free(x);
	return n;
}

// Both sides' binding for a server with that certificate; `md` NULL: there is none.
static void check(struct world *world, const char *file, const EVP_MD *md)
{
	struct tls_server *server = loop_server(world, NULL, file, NULL);
	struct tls_client *client = loop_client(world, TLS_VERIFY_NONE, NULL);
	struct end s = loop_end(tls_accept(server));
	struct end c = loop_end(tls_connect(client));
	uint8_t got[TLS_BINDING_MAX], want[EVP_MAX_MD_SIZE];
	size_t n;
	assert_int_equal(tls_server_end_point(s.tls, got, &n), ERR_UNSUPPORTED);
	loop_run(&c, &s, 0);
	assert_true(tls_is_established(c.tls));
	for (int i = 0; i < 2; i++) {
		int rc = tls_server_end_point(i == 0 ? s.tls : c.tls, got, &n);
		assert_int_equal(rc, md == NULL ? ERR_UNSUPPORTED : 0);
		if (md == NULL)
			continue;
		assert_int_equal(n, expected(world, file, md, want));
		assert_memory_equal(got, want, n);
	}
	loop_end_fini(&s);
	loop_end_fini(&c);
	tls_server_free(server);
	tls_client_free(client);
}

static void the_signature_names_the_hash(void **state)
{
	struct world *w = *state;
	check(w, "db", EVP_sha256());
	authority_issue(
		w->root, &(struct authority_leaf){"RSA", "DNS:a", .digest = "SHA384"}, "384"
	);
	check(w, "384", EVP_sha384());
	authority_issue(
		w->root, &(struct authority_leaf){"EC", "DNS:a", .digest = "SHA512"}, "512"
	);
	check(w, "512", EVP_sha512());
}

static void ed25519_has_none(void **state)
{
	struct world *w = *state;
	struct authority *ed = authority_new(w->dir, "edca", NULL, "ED25519");
	authority_issue(ed, &(struct authority_leaf){"EC", "DNS:a"}, "ed");
	check(w, "ed", NULL);
	authority_free(ed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_signature_names_the_hash),
		cmocka_unit_test(ed25519_has_none),
	};
	return cmocka_run_group_tests_name("binding", tests, loop_world_new, loop_world_free);
}

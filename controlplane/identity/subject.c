// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/subject.h"

#include "controlplane/recorder/digest.h"
#include "dataplane/api/effects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

// The bytes behind the subject: lists of addresses first, which need alignment, then texts.
struct store {
	const char **list;
	char *text;
};

static int refuse(char why[static SUBJECT_WHY], const char *text)
{
	snprintf(why, SUBJECT_WHY, "%s", text);
	return ERR_AUTH;
}

bool subject_text_is_plain(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	for (; *at != '\0'; at++)
		// U+0080 to U+009F are controls too.
		if (*at < ' ' || *at == 0x7f || (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f))
			return false;
	return true;
}

static bool fits(const char *text, size_t max)
{
	return text != NULL && text[0] != '\0' && strlen(text) <= max &&
	       subject_text_is_plain(text);
}

static int check_link(const struct chain_link *link, char why[static SUBJECT_WHY])
{
	if (node_is_none(&link->node) || node_is_none(&link->subject) || node_is_none(&link->token))
		return -ENOMEM;
	if (!fits(link->issuer, sizeof(((struct subject *)NULL)->issuer) - 1))
		return refuse(why, "token's issuer has no usable name");
	if (!fits(link->key, SUBJECT_KEY_MAX - 1))
		return refuse(why, "token's chain has a subject without a usable name");
	if (link->n_groups > SUBJECT_GROUPS_MAX)
		return refuse(why, "token has too many groups");
	for (uint16_t i = 0; i < link->n_groups; i++)
		if (!fits(link->groups[i], SUBJECT_GROUP_MAX))
			return refuse(why, "token has a group or role without a usable name");
	return 0;
}

static int check(const struct subject_draft *draft, char why[static SUBJECT_WHY])
{
	if (draft->n_links == 0 || draft->n_links > SUBJECT_LINKS_MAX)
		return refuse(why, "token's chain of actors is too long");
	for (uint16_t i = 0; i < draft->n_links; i++) {
		int rc = check_link(&draft->links[i], why);
		if (rc != 0)
			return rc;
	}
	for (uint16_t i = 0; i < draft->scope.n_resources; i++)
		if (!fits(draft->scope.resources[i], SUBJECT_GROUP_MAX))
			return refuse(why, "token's scope has a resource without a usable name");
	if (draft->scope.n_budgets > SUBJECT_BUDGETS_MAX)
		return refuse(why, "token's scope has too many budgets");
	return 0;
}

// ---- copying

static const char *name_of(const struct chain_link *link)
{
	bool usable =
		link->name != NULL && link->name[0] != '\0' && subject_text_is_plain(link->name);

	return usable ? link->name : link->key;
}

// How much of `text` fits into `max` bytes without cutting a character of UTF-8 in two.
static size_t whole_length(const char *text, size_t max)
{
	size_t n = strlen(text);

	if (n <= max)
		return n;
	for (n = max; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

static void add_size(size_t *bytes, size_t *lists, const char *const *list, uint16_t n)
{
	*lists += n;
	for (uint16_t i = 0; i < n; i++)
		*bytes += strlen(list[i]) + 1;
}

static size_t size_of(const struct subject_draft *draft, size_t *lists)
{
	size_t bytes = 0;

	*lists = 0;
	for (uint16_t i = 0; i < draft->n_links; i++) {
		const struct chain_link *link = &draft->links[i];
		bytes += strlen(link->issuer) + strlen(link->key) + SUBJECT_NAME_MAX + 2;
		add_size(&bytes, lists, link->groups, link->n_groups);
	}
	add_size(&bytes, lists, draft->scope.resources, draft->scope.n_resources);
	return bytes;
}

static const char *copy_text(struct store *store, const char *text, size_t n)
{
	char *copy = store->text;

	memcpy(copy, text, n);
	copy[n] = '\0';
	store->text += n + 1;
	return copy;
}

static const char *const *copy_list(struct store *store, const char *const *list, uint16_t n)
{
	const char **copy = store->list;

	for (uint16_t i = 0; i < n; i++)
		copy[i] = copy_text(store, list[i], strlen(list[i]));
	store->list += n;
	return copy;
}

static void copy_link(struct store *store, const struct chain_link *from, struct chain_link *to)
{
	const char *name = name_of(from);

	*to = *from;
	to->issuer = copy_text(store, from->issuer, strlen(from->issuer));
	to->key = copy_text(store, from->key, strlen(from->key));
	to->name = copy_text(store, name, whole_length(name, SUBJECT_NAME_MAX - 1));
	to->groups = copy_list(store, from->groups, from->n_groups);
}

static void copy_root(struct subject *subject)
{
	const struct chain_link *root = &subject->links[0];

	memcpy(subject->issuer, root->issuer, strlen(root->issuer) + 1);
	memcpy(subject->key, root->key, strlen(root->key) + 1);
	memcpy(subject->name, root->name, strlen(root->name) + 1);
	subject->n_groups = root->n_groups;
	for (uint16_t i = 0; i < root->n_groups; i++)
		subject->groups[i] = root->groups[i];
}

// The root and the links from `first` on. False when they do not fit.
static bool write_chain(struct subject *subject, uint16_t first)
{
	size_t size = sizeof(subject->chain);
	int n = snprintf(
		subject->chain, size, "%s%s", subject->links[0].key, first > 1 ? " > ..." : ""
	);
	size_t at = (size_t)n;

	for (uint16_t i = first; i < subject->n_links && at < size; i++)
		at += (size_t
		)snprintf(subject->chain + at, size - at, " > %s", subject->links[i].key);
	return at < size;
}

// For people: of a chain that is too long to show, those nearest to the actor.
static int fill_chain(struct subject *subject, char why[static SUBJECT_WHY])
{
	for (uint16_t first = 1; first <= subject->depth; first++)
		if (write_chain(subject, first))
			return 0;
	if (subject->depth == 0 && write_chain(subject, 1))
		return 0;
	return refuse(why, "token's chain of actors is too long");
}

static void fill(struct subject *subject, const struct subject_draft *draft, struct store *store)
{
	subject->n_links = draft->n_links;
	subject->depth = draft->n_links - 1;
	subject->expires = draft->expires;
	subject->scope = draft->scope;
	for (uint16_t i = 0; i < draft->n_links; i++)
		copy_link(store, &draft->links[i], &subject->links[i]);
	subject->scope.resources =
		copy_list(store, draft->scope.resources, draft->scope.n_resources);
	uint16_t left = SUBJECT_LINKS_MAX - draft->n_links;
	if (subject->scope.depth_left > left)
		subject->scope.depth_left = left;
	copy_root(subject);
}

int subject_make(
	const struct subject_draft *draft, struct span token, struct subject **out,
	char why[static SUBJECT_WHY]
)
{
	struct digest digest;
	size_t lists;

	int rc = check(draft, why);
	if (rc != 0)
		return rc;
	size_t bytes = size_of(draft, &lists);
	struct subject *subject = calloc(1, sizeof(*subject) + lists * sizeof(char *) + bytes);
	if (subject == NULL)
		return -ENOMEM;
	struct store store = {(const char **)(subject + 1), NULL};
	store.text = (char *)(store.list + lists);
	fill(subject, draft, &store);
	rc = fill_chain(subject, why);
	if (rc == 0)
		rc = digest_of(&token, 1, &digest);
	if (rc != 0) {
		subject_free(subject);
		return rc;
	}
	memcpy(subject->token_hash, digest.b, sizeof(subject->token_hash));
	*out = subject;
	return 0;
}

struct token_scope subject_scope_all(void)
{
	return (struct token_scope
	){.any_resource = true, .effects = EFFECT_ALL, .depth_left = SUBJECT_LINKS_MAX - 1};
}

void subject_free(const struct subject *subject)
{
	free((void *)(uintptr_t)subject);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Commands of dialects that we read ourselves: the memory, and the way through the steps.

#include "dataplane/inspect/command.h"

#include <stdlib.h>

static const char *const names[DIALECTS] = {"mysql", "tsql", "shell"};

const char *inspect_dialect_name(enum inspect_dialect dialect)
{
	return names[dialect];
}

bool inspect_dialect_parse(struct span word, enum inspect_dialect *dialect)
{
	for (unsigned i = 0; i < DIALECTS; i++) {
		if (!span_equal(word, span_str(names[i])))
			continue;
		*dialect = (enum inspect_dialect)i;
		return true;
	}
	return false;
}

struct command_context command_context_usual(enum inspect_dialect dialect)
{
	return (struct command_context){
		.dialect = dialect,
		.utf8 = true,
		.multi_statements = true,
		.quoted_identifier = true,
	};
}

struct command_reader *command_reader_new(void)
{
	return calloc(1, sizeof(struct command_reader));
}

void command_reader_free(struct command_reader *reader)
{
	free(reader);
}

void command_unknown(struct command_reader *r, const char *why)
{
	r->kinds |= EFFECT_UNKNOWN;
	if (r->why_unknown == NULL)
		r->why_unknown = why;
}

static const struct effects *settle(struct command_reader *r)
{
	r->effects = (struct effects){
		.kinds = r->kinds,
		.flags = r->flags,
		.n_statements = r->n_statements,
		.n_objects = r->n_objects,
		.objects = r->objects,
		.n_columns = r->n_columns,
		.columns = r->columns,
		.verb = span_str(r->heaviest[0] == '\0' ? "command" : r->heaviest),
		.normalised = span_of(r->normalised, r->n_normalised),
		.why_unknown = r->why_unknown,
	};
	return &r->effects;
}

const struct effects *inspect_command(
	struct command_reader *r, const struct command_context *context, struct span text
)
{
	r->context = context;
	r->text = text;
	r->kinds = r->flags = r->n_statements = 0;
	r->n_objects = r->n_columns = 0;
	r->n_names = r->n_tokens = 0;
	r->n_normalised = 0;
	r->why_unknown = NULL;
	r->verb[0] = r->heaviest[0] = '\0';
	command_unknown(r, "commands of this dialect are not read yet");
	return settle(r);
}

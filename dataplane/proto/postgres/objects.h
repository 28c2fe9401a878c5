// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Statements and portals by name, each with its fate.
//
// A name can stand for several objects at once: one that the server has, and newer ones that it
// has not answered for. If anything between two Syncs fails, the server skips what follows up to
// the Sync; so within one segment the newest object of a name is the one the server will use, or
// nothing will be used at all. Across a Sync that is not certain until the newest is confirmed:
// OBJECT_UNCERTAIN, and the client's message has to wait.

#pragma once

#include "dataplane/proto/postgres/state.h"

enum object_lookup { OBJECT_NONE, OBJECT_FOUND, OBJECT_UNCERTAIN };

// What the server will take `name` for when it comes to a message sent now. Out: *object, when
// OBJECT_FOUND; borrowed from the table.
enum object_lookup pg3_object_find(
	const struct pg3 *pg, const struct table *table, struct span name, struct object **object
);

// The server has made the object: older ones of its name are gone.
void pg3_object_confirm(struct pg3 *pg, struct table *table, struct object *object);
// Out of the table; it lives on while something refers to it. Harmless when not linked.
void pg3_object_unlink(struct pg3 *pg, struct table *table, struct object *object);
// All objects of that name (NULL: of any name) older than message `seq`.
void pg3_objects_drop(struct pg3 *pg, struct table *table, const struct span *name, uint64_t seq);
// The named objects of the table that the server may have dropped by SQL: they are doubtful. A new
// object made by SQL may have taken the name of a doubtful one: drop those.
void pg3_objects_doubt(struct table *table);
void pg3_objects_drop_doubtful(struct pg3 *pg, struct table *table);

// A new statement or portal for the message under way, linked, pending, and a reference for the
// caller. NULL when memory is short. `types`: 4 bytes each.
struct statement *pg3_statement_new(
	struct pg3 *pg, struct span name, struct span text, struct span types
) must_check;
// Takes a reference to `statement` (may be NULL). `formats`: 2 bytes each, as on the wire.
struct portal *pg3_portal_new(
	struct pg3 *pg, struct span name, struct statement *statement, struct span formats
) must_check;
// A portal that is in no table: for one that SQL made.
struct portal *pg3_portal_unlisted(struct pg3 *pg) must_check;

void pg3_statement_unref(struct pg3 *pg, struct statement *statement); // accepts NULL
void pg3_portal_unref(struct pg3 *pg, struct portal *portal);          // accepts NULL

// Give back what tables without an object hold.
void pg3_objects_trim(struct pg3 *pg);

// Everything, at the end.
void pg3_objects_fini(struct pg3 *pg);

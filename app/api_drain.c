// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/api.h"

#include <errno.h>
#include <stdio.h>

json_t *api_drain_json(const struct control *control)
{
	const struct drain_state d = drain_state(control);

	return json_pack(
		"{s:s, s:b, s:I, s:I, s:I}", "phase", drain_phase_name(d.phase), "stopping",
		d.stops, "sessions", (json_int_t)d.sessions, "seconds", (json_int_t)d.seconds,
		"left", (json_int_t)d.left
	);
}

static int on_drained(void *context, struct admin_call *, json_t **out, char *)
{
	*out = api_drain_json(context);
	return *out == NULL ? -ENOMEM : 0;
}

static int on_drain(void *context, struct admin_call *call, json_t **out, char *why)
{
	drain_begin(context, false);
	return on_drained(context, call, out, why);
}

static int on_undrain(void *context, struct admin_call *call, json_t **out, char *why)
{
	int r = drain_end(context);

	if (r == 0)
		return on_drained(context, call, out, why);
	snprintf(why, ADMIN_WHY, "the gateway is stopping");
	return r;
}

void api_drain(struct admin_ops *ops)
{
	ops->drained = on_drained;
	ops->drain = on_drain;
	ops->undrain = on_undrain;
}

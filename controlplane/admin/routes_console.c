// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Files from memory: the console, and the document of the API.

#include "controlplane/admin/request.h"

#include <microhttpd.h>

void handle_root(struct request *, struct answer *answer)
{
	answer->status = HTTP_FOUND;
	answer->location = "/";
	answer->type = "text/plain";
}

void handle_asset(struct request *request, struct answer *answer)
{
	const struct asset *asset = asset_find(request->path);
	const char *tag = MHD_lookup_connection_value(
		request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH
	);

	if (asset == NULL) {
		answer_error(answer, HTTP_NOT_FOUND, "there is no %.128s", request->path);
		return;
	}
	answer->asset = asset;
	answer->status = tag != NULL && strcmp(tag, asset->etag) == 0 ? HTTP_NOT_MODIFIED : HTTP_OK;
}

void handle_console_config(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	struct admin_console console;

	if (ops->console == NULL || !ops->console(ops->context, &console))
		console = (struct admin_console){"", "", "", "", ""};
	answer_json(
		answer, json_pack(
				"{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "issuer", console.issuer,
				"client_id", console.client_id, "scope", console.scope, "resource",
				console.resource, "url", console.url, "api", "/v1", "version",
				BULKHEAD_VERSION
			)
	);
}

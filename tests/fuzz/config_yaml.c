// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Any bytes as the configuration: it is read, or refused with a reason, and nothing is left behind.

#include "controlplane/config/config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_errors errors = {0};
	struct config *config = NULL;

	int rc = config_parse("fuzz.yaml", span_of(data, size), &config, &errors);
	if ((rc == 0) != (config != NULL) || (rc == ERR_CONFIG) != config_errors_any(&errors))
		abort();
	config_free(config);
	config_errors_fini(&errors);
	return 0;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/text.h"

bool text_is_utf8(struct span s)
{
	for (size_t i = 0; i < s.n;) {
		uint8_t c = s.p[i];
		size_t follow = c < 0x80                ? 0
				: c >= 0xc2 && c < 0xe0 ? 1
				: c >= 0xe0 && c < 0xf0 ? 2
				: c >= 0xf0 && c < 0xf5 ? 3
							: 4;
		if (c == 0 || follow == 4 || follow > s.n - i - 1)
			return false;
		if (follow > 0) {
			uint8_t d = s.p[i + 1];
			if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) ||
			    (c == 0xf0 && d < 0x90) || (c == 0xf4 && d > 0x8f))
				return false;
		}
		for (size_t k = 1; k <= follow; k++)
			if ((s.p[i + k] & 0xc0) != 0x80)
				return false;
		i += 1 + follow;
	}
	return true;
}

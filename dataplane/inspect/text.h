// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a text must be to be read at all. Private to inspect/.

#pragma once

#include "dataplane/base/span.h"

// RFC 3629 4: no overlong forms, no surrogates, nothing beyond U+10FFFF; and no NUL.
bool text_is_utf8(struct span text);

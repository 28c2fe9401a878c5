// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of credentials; see validator.h. For those whose encoding has a structure see token.c.

#pragma once

#include "dataplane/base/span.h"

// There is a digit.
bool validator_digit(struct span text);
// There are letters of both cases. What a person writes in one case, and hexadecimal, is neither.
bool validator_mixed_letters(struct span text);
// There are letters of both cases and a digit.
bool validator_mixed(struct span text);
// What stands where a password does is one, not a word about it, a reference to it or a masked one.
bool validator_password(struct span text);
// Credentials of HTTP basic authentication (RFC 7617 2): base64 of printable text with a colon.
bool validator_basic(struct span text);
// A bot token of Discord: its first part is base64url of a decimal number.
bool validator_discord(struct span text);

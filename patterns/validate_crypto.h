// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of addresses and keys of cryptocurrencies; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// Base58Check: the last four bytes are the beginning of SHA-256 twice over the others. The first
// byte, or for an extended key the first four, is a version that some currency uses for text of
// this length.
bool validator_base58check(struct span text);
// Bech32 (BIP 173) or bech32m (BIP 350), all of one letter case.
bool validator_bech32(struct span text);
// A segregated witness address (BIP 173 and 350): bech32 for version 0, bech32m above, a program of
// 2 to 40 bytes, of 20 or 32 for version 0.
bool validator_segwit(struct span text);
// An Ethereum address: when its letters are of both cases, they are those of EIP-55. Not the zero
// address.
bool validator_ethereum(struct span text);

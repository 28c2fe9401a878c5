// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the benches' servers say to whoever starts a session (PostgreSQL's protocol, 55.7).

#pragma once

// AuthenticationOk, three ParameterStatus, BackendKeyData, ReadyForQuery; a NUL behind it.
static const char welcome[] = "R\0\0\0\10\0\0\0\0"
			      "S\0\0\0\30server_version\0"
			      "15.0\0"
			      "S\0\0\0\31client_encoding\0"
			      "UTF8\0"
			      "S\0\0\0\43standard_conforming_strings\0"
			      "on\0"
			      "K\0\0\0\14\0\0\0\1\0\0\0\2"
			      "Z\0\0\0\5I";

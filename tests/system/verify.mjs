// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Verify a token as a third party does, with npm's jose and the published keys alone:
//
//   node verify.mjs JWKS-FILE ISSUER AUDIENCE < token
//
// Prints the claims. The folder of the modules is IDP_MODULES or build/npm/node_modules.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const modules = process.env.IDP_MODULES ?? path.join(here, '../../build/npm/node_modules');
const { createLocalJWKSet, jwtVerify } =
	await import(path.join(modules, 'jose/dist/node/esm/index.js'));

const [file, issuer, audience] = process.argv.slice(2);
const keys = createLocalJWKSet(JSON.parse(readFileSync(file, 'utf8')));
const token = readFileSync(0, 'utf8').trim();
const { payload } = await jwtVerify(token, keys, {
	issuer, audience, algorithms: ['ES256'], typ: 'at+jwt',
});
console.log(JSON.stringify(payload));

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Tokens that must not get in, made with npm's jose where it can be brought to it, and by hand where
// it refuses.
//
//   node evil.mjs '{"keys": "/dir/idp.jwks", "iss": "http://..."}'     prints {name: token}
//
// `keys` are the provider's private keys (idp.mjs): nearly all of these are signed by the right key,
// so that nothing but the one thing wrong with each can be what refuses it. "good" has nothing wrong.

import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const modules = process.env.IDP_MODULES ?? path.join(here, '../../build/npm/node_modules');
const { CompactSign, importJWK } = await import(path.join(modules, 'jose/dist/node/esm/index.js'));

const options = JSON.parse(process.argv[2]);
const { keys } = JSON.parse(readFileSync(options.keys, 'utf8'));
const es = keys.find((key) => key.alg === 'ES256');
const rs = keys.find((key) => key.alg === 'RS256');
const strangers = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const now = Math.floor(Date.now() / 1000);
const claims = {
	iss: options.iss, aud: 'bulkhead', sub: 'alice', client_id: 'console', jti: 'evil',
	groups: ['dba'], iat: now, exp: now + 600,
};
const header = { alg: 'ES256', typ: 'at+jwt', kid: es.kid };
const base64url = (data) => Buffer.from(data).toString('base64url');
const text = (object) => (typeof object === 'string' || Buffer.isBuffer(object)
	? object : JSON.stringify(object));

// By the provider, with a header and claims of our choice.
const signed = async (head, body) => new CompactSign(Buffer.from(text({ ...claims, ...body })))
	.setProtectedHeader({ ...header, ...head }).sign(await importJWK(es));

// The same of what jose does not sign, and of what is not even JSON.
function forged(head, body, make = (input) => sign('sha256', input,
	{ key: es, format: 'jwk', dsaEncoding: 'ieee-p1363' })) {
	const input = `${base64url(text(head))}.${base64url(text(body))}`;
	return `${input}.${base64url(make(Buffer.from(input)))}`;
}
const byStranger = (input) => sign('sha256', input,
	{ key: strangers.privateKey, dsaEncoding: 'ieee-p1363' });
const inDer = (input) => sign('sha256', input, { key: es, format: 'jwk' });

const publicOf = (key) => createPublicKey({ key: { ...key, d: undefined }, format: 'jwk' });
const strangersJwk = strangers.publicKey.export({ format: 'jwk' });
let act;
for (let i = 0; i < 9; i++)
	act = act ? { sub: `agent-${i}`, act } : { sub: `agent-${i}` };
const raw = JSON.stringify(claims);

const tokens = {
	good: await signed({}, {}),
	rs_good: await new CompactSign(Buffer.from(raw))
		.setProtectedHeader({ ...header, alg: 'RS256', kid: rs.kid }).sign(await importJWK(rs)),
	// the header
	alg_none: forged({ ...header, alg: 'none' }, claims, () => ''),
	alg_none_cased: forged({ ...header, alg: 'nOnE' }, claims, () => ''),
	alg_none_signed: forged({ ...header, alg: 'none' }, claims),
	hmac_with_public_pem: forged({ ...header, alg: 'HS256', kid: rs.kid }, claims,
		(input) => createHmac('sha256', publicOf(rs).export({ type: 'spki', format: 'pem' }))
			.update(input).digest()),
	hmac_with_public_jwk: forged({ ...header, alg: 'HS256', kid: rs.kid }, claims,
		(input) => createHmac('sha256', Buffer.from(rs.n, 'base64url')).update(input).digest()),
	alg_of_another_key: forged({ ...header, kid: rs.kid }, claims),
	no_kid: await signed({ kid: undefined }, {}),
	kid_traversal: await signed({ kid: '../../../../../../dev/null' }, {}),
	kid_sql: await signed({ kid: "x' UNION SELECT 'key' --" }, {}),
	jku: forged({ ...header, jku: 'https://evil.example/keys' }, claims, byStranger),
	x5u: forged({ ...header, x5u: 'https://evil.example/cert' }, claims, byStranger),
	x5c: forged({ ...header, x5c: ['MIIB'] }, claims, byStranger),
	embedded_jwk: forged({ ...header, jwk: strangersJwk }, claims, byStranger),
	crit: forged({ ...header, crit: ['exp'], exp: now + 600 }, claims),
	b64: forged({ ...header, crit: ['b64'], b64: false }, claims),
	typ_jwt: await signed({ typ: 'JWT' }, {}),
	typ_logout: await signed({ typ: 'logout+jwt' }, {}),
	header_twice: forged(`{"alg":"none",${JSON.stringify(header).slice(1)}`, claims),
	header_no_json: forged('{', claims),
	// the signature
	strangers_signature: forged(header, claims, byStranger),
	no_signature: forged(header, claims, () => ''),
	signature_zero: forged(header, claims, () => Buffer.alloc(64)),
	signature_short: forged(header, claims, () => Buffer.alloc(63, 1)),
	signature_long: forged(header, claims, () => Buffer.alloc(65, 1)),
	signature_der: forged(header, claims, inDer),
	// the claims
	iss_unknown: await signed({}, { iss: 'https://evil.example' }),
	iss_slash: await signed({}, { iss: `${options.iss}/` }),
	iss_missing: await signed({}, { iss: undefined }),
	aud_other: await signed({}, { aud: 'other' }),
	aud_missing: await signed({}, { aud: undefined }),
	aud_list: await signed({}, { aud: ['a', 'b'] }),
	expired: await signed({}, { exp: now - 61 }),
	exp_missing: await signed({}, { exp: undefined }),
	exp_text: await signed({}, { exp: `${now + 600}` }),
	nbf_future: await signed({}, { nbf: now + 600 }),
	iat_future: await signed({}, { iat: now + 600 }),
	sub_missing: await signed({}, { sub: undefined }),
	sub_list: await signed({}, { sub: ['alice'] }),
	sub_control: await signed({}, { sub: 'alice\u001b[2J' }),
	client_missing: await signed({}, { client_id: undefined }),
	nonce: await signed({}, { nonce: 'n' }),
	cnf: await signed({}, { cnf: { jkt: 'x' } }),
	overage: await signed({}, { groups: undefined, _claim_names: { groups: 'src1' } }),
	role_as_group: await signed({}, { groups: ['role:approver'] }),
	act_deep: await signed({}, { act }),
	act_empty: await signed({}, { act: {} }),
	claims_twice: forged(header, `${raw.slice(0, -1)},"sub":"root"}`),
	claims_no_utf8: forged(header, Buffer.from(`${raw.slice(0, -1)},"x":"\xff"}`, 'latin1')),
	claims_nul: forged(header, `${raw.slice(0, -1)},"x":"\\u0000"}`),
	claims_no_object: forged(header, '[]'),
	huge: await signed({}, { x: 'x'.repeat(13000) }),
	// the form
	two_parts: 'a.b',
	four_parts: `${await signed({}, {})}.x`,
	padded: `${await signed({}, {})}=`,
	words: 'correct horse battery staple',
};
for (const issuer of options.others ?? [])
	tokens[issuer] = await signed({}, { iss: issuer });
console.log(JSON.stringify(tokens));

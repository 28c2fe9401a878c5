// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// An identity provider for tests: npm's oidc-provider with people and machines. idp.py starts it.
//
//   node idp.mjs '{"host": "127.0.0.1", "port": 0, "keys": "/dir/idp.jwks", ...}'
//
// It prints "ready ISSUER" once it listens, and runs until a signal. Options, all but `keys` with a
// default:
//   host, port     to listen on; port 0 is any free one
//   issuer         default http://HOST:PORT, or https with `cert`
//   cert, key      files in PEM: https
//   keys           file of the private keys (a JWK Set: "rs" for RS256, "es" for ES256); made when
//                  it is not there. Remove it and start again: the keys have rolled over.
//   ttl            seconds that an access token lives, default 600
//   redirect_uris  of the client "console", default http://127.0.0.1/callback
//
// People (the password is the login's name backwards): alice is a human in group dba and has the
// role approver, and so is dave; bob is in ops, carol in nothing. Their access tokens have `name`,
// `groups`, `roles`.
//
// Clients: "console" is public, code flow with PKCE, CORS from everywhere. Machines have a secret
// ("secret-of-NAME", HTTP Basic) and client_credentials: agent-1 and agent-2 in group agents,
// nightly in group jobs.
//
// Access tokens are JWTs of RFC 9068 for the resource that is asked for, by default the first:
//   urn:bulkhead:gateway   aud "bulkhead", ES256
//   urn:bulkhead:rs256     aud "bulkhead", RS256
//   urn:bulkhead:other     aud "other", ES256: not for the gateway
//
// GET /auth leads to a form with the inputs `login` and `password`; nobody is asked for consent.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const modules = process.env.IDP_MODULES ?? path.join(here, '../../build/npm/node_modules');
const { default: Provider } = await import(path.join(modules, 'oidc-provider/lib/index.js'));
const { exportJWK, generateKeyPair } = await import(path.join(modules, 'jose/dist/node/esm/index.js'));

const options = {
	host: '127.0.0.1', port: 0, ttl: 600, redirect_uris: ['http://127.0.0.1/callback'],
	...JSON.parse(process.argv[2] ?? '{}'),
};

const people = {
	alice: { name: 'Alice', groups: ['dba'], roles: ['approver'] },
	bob: { name: 'Bob', groups: ['ops'], roles: [] },
	carol: { name: 'Carol', groups: [], roles: [] },
	dave: { name: 'Dave', groups: ['dba'], roles: ['approver'] },
};
const machines = {
	'agent-1': { groups: ['agents'] },
	'agent-2': { groups: ['agents'] },
	nightly: { groups: ['jobs'] },
};
const resources = {
	'urn:bulkhead:gateway': { audience: 'bulkhead', alg: 'ES256' },
	'urn:bulkhead:rs256': { audience: 'bulkhead', alg: 'RS256' },
	'urn:bulkhead:other': { audience: 'other', alg: 'ES256' },
};

async function privateKeys(file) {
	if (existsSync(file))
		return JSON.parse(readFileSync(file, 'utf8'));
	const keys = [];
	for (const [name, alg] of [['rs', 'RS256'], ['es', 'ES256']]) {
		const pair = await generateKeyPair(alg, { extractable: true });
		const kid = `${name}-${randomBytes(6).toString('hex')}`;
		keys.push({ ...await exportJWK(pair.privateKey), kid, alg, use: 'sig' });
	}
	writeFileSync(file, JSON.stringify({ keys }), { mode: 0o600 });
	return { keys };
}

function machineClient(name) {
	return {
		client_id: name, client_secret: `secret-of-${name}`, redirect_uris: [],
		response_types: [], grant_types: ['client_credentials'],
		token_endpoint_auth_method: 'client_secret_basic',
	};
}

const configuration = {
	jwks: await privateKeys(options.keys),
	clients: [
		{
			client_id: 'console', redirect_uris: options.redirect_uris,
			response_types: ['code'], grant_types: ['authorization_code'],
			token_endpoint_auth_method: 'none',
		},
		...Object.keys(machines).map(machineClient),
	],
	cookies: { keys: [randomBytes(16).toString('hex')] },
	claims: { openid: ['sub'], profile: ['name'] },
	scopes: ['openid', 'profile', 'db'],
	clientBasedCORS: () => true,
	pkce: { required: () => true, methods: ['S256'] },
	features: {
		devInteractions: { enabled: false },
		clientCredentials: { enabled: true },
		resourceIndicators: {
			enabled: true,
			defaultResource: () => Object.keys(resources)[0],
			useGrantedResource: () => true,
			getResourceServerInfo: (_, uri) => ({
				scope: 'db', audience: resources[uri].audience,
				accessTokenTTL: options.ttl, accessTokenFormat: 'jwt',
				jwt: { sign: { alg: resources[uri].alg } },
			}),
		},
	},
	ttl: { Session: 3600, Grant: 3600, Interaction: 600, AccessToken: options.ttl,
		ClientCredentials: options.ttl, IdToken: options.ttl },
	interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
	findAccount: (_, id) => people[id] && {
		accountId: id, claims: () => ({ sub: id, name: people[id].name }),
	},
	extraTokenClaims: (_, token) => people[token.accountId] ?? machines[token.clientId],
	// What a user would have been asked to consent to.
	loadExistingGrant: async (ctx) => {
		const { client, session, params, provider } = ctx.oidc;
		const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
		grant.addOIDCScope('openid profile db');
		for (const uri of [params.resource ?? Object.keys(resources)].flat())
			grant.addResourceScope(uri, 'db');
		await grant.save();
		return grant;
	},
	renderError: (ctx, out) => {
		ctx.type = 'text/plain';
		ctx.body = `${out.error}: ${out.error_description}\n`;
	},
};

function form(res, uid, problem) {
	res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
	res.end(`<!doctype html><html lang="en"><title>Login</title><h1>Test identity provider</h1>
<p>${problem}</p><form method="post" action="/interaction/${uid}">
<label>Login <input name="login" autofocus></label>
<label>Password <input name="password" type="password"></label>
<button type="submit">Log in</button></form></html>\n`);
}

async function body(req) {
	let text = '';
	for await (const chunk of req)
		text += chunk;
	return new URLSearchParams(text);
}

async function interact(req, res, uid) {
	if (req.method !== 'POST')
		return form(res, uid, '');
	const fields = await body(req);
	const login = fields.get('login') ?? '';
	if (!people[login] || fields.get('password') !== [...login].reverse().join(''))
		return form(res, uid, 'Wrong login or password.');
	return provider.interactionFinished(req, res, { login: { accountId: login } },
		{ mergeWithLastSubmission: false });
}

let provider, serve;
function answer(req, res) {
	const uid = req.url.match(/^\/interaction\/([\w-]+)$/)?.[1];
	if (uid === undefined)
		return serve(req, res);
	interact(req, res, uid).catch((error) => {
		res.writeHead(400, { 'content-type': 'text/plain' });
		res.end(`${error.message}\n`);
	});
}

const server = options.cert
	? https.createServer({ cert: readFileSync(options.cert), key: readFileSync(options.key) }, answer)
	: http.createServer(answer);
server.listen(options.port, options.host, () => {
	const scheme = options.cert ? 'https' : 'http';
	const issuer = options.issuer ?? `${scheme}://${options.host}:${server.address().port}`;
	provider = new Provider(issuer, configuration);
	provider.on('server_error', (_, error) => console.error(error));
	serve = provider.callback();
	console.log(`ready ${issuer}`);
});

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Logging in: OpenID Connect's code flow with PKCE (RFC 7636), as a public client. The access token
// lies in sessionStorage: it ends with the tab, and is never in a URL.

const KEY = 'bulkhead.token', FLOW = 'bulkhead.flow';
let config = null;
let onExpired = () => {};
let timer = null;

function base64url(bytes) {
	return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function random() {
	return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

// The payload of a token, unverified: the gateway verifies what it is sent; here it only says when
// it ends, and, of the ID token, which login it belongs to.
function claims(jwt) {
	try {
		const middle = jwt.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
		return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(middle), (c) => c.charCodeAt(0))));
	} catch {
		return null;
	}
}

function stored() {
	try {
		return JSON.parse(sessionStorage.getItem(KEY));
	} catch {
		return null;
	}
}

export function token() {
	return stored()?.token ?? '';
}

export function isLoggedIn() {
	const have = stored();
	return Boolean(have) && have.expires > Date.now() / 1000;
}

export function hasProvider() {
	return Boolean(config?.issuer && config?.client_id);
}

export function expired() {
	if (sessionStorage.getItem(KEY) === null)
		return;
	sessionStorage.removeItem(KEY);
	onExpired();
}

function watch() {
	clearTimeout(timer);
	if (isLoggedIn()) // setTimeout counts in 31 bits
		timer = setTimeout(() => (isLoggedIn() ? watch() : expired()),
			Math.min(stored().expires * 1000 - Date.now(), 1 << 30) + 50);
}

export function keepToken(value, lasts) {
	const end = Date.now() / 1000 + (lasts ?? 3600);
	sessionStorage.setItem(KEY, JSON.stringify({token: value, expires: Math.min(end, claims(value)?.exp ?? end)}));
	watch();
}

async function discover() {
	const answer = await fetch(`${config.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {credentials: 'omit'});
	if (!answer.ok)
		throw new Error(`the identity provider answered ${answer.status}`);
	const found = await answer.json();
	if (found.issuer !== config.issuer) // OpenID Connect Discovery 4.3
		throw new Error('the identity provider calls itself something else');
	for (const key of ['authorization_endpoint', 'token_endpoint'])
		if (new URL(found[key]).protocol !== 'https:' && !['localhost', '127.0.0.1'].includes(new URL(found[key]).hostname))
			throw new Error(`the identity provider's ${key} is not https`);
	return found;
}

const redirect = () => `${location.origin}/`;

export async function login() {
	const found = await discover();
	const verifier = random();
	const flow = {state: random(), nonce: random(), verifier, hash: location.hash, token_endpoint: found.token_endpoint};
	const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));

	sessionStorage.setItem(FLOW, JSON.stringify(flow));
	const ask = new URL(found.authorization_endpoint);
	for (const [key, value] of Object.entries({
		response_type: 'code', client_id: config.client_id, redirect_uri: redirect(), scope: config.scope, state: flow.state,
		nonce: flow.nonce, code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: 'S256',
		...(config.resource ? {resource: config.resource} : {}),
	}))
		ask.searchParams.set(key, value);
	location.assign(ask);
}

// The way back from the provider: trade the code, and forget how it came.
async function finish(words) {
	const flow = JSON.parse(sessionStorage.getItem(FLOW) ?? 'null');
	sessionStorage.removeItem(FLOW);
	history.replaceState(null, '', `/${flow?.hash ?? ''}`);
	if (!flow || words.get('state') !== flow.state)
		throw new Error('this login was not begun here; begin again');
	if (words.has('error'))
		throw new Error(`the identity provider refused: ${words.get('error_description') ?? words.get('error')}`);
	if (words.has('iss') && words.get('iss') !== config.issuer) // RFC 9207
		throw new Error('the answer comes from another identity provider');
	const answer = await fetch(flow.token_endpoint, {
		method: 'POST', credentials: 'omit',
		body: new URLSearchParams({
			grant_type: 'authorization_code', code: words.get('code'), redirect_uri: redirect(), client_id: config.client_id,
			code_verifier: flow.verifier, ...(config.resource ? {resource: config.resource} : {}),
		}),
	});
	const got = await answer.json();
	if (!answer.ok || typeof got.access_token !== 'string')
		throw new Error(`the identity provider gave no token: ${got.error_description ?? got.error ?? answer.status}`);
	if (got.id_token && claims(got.id_token)?.nonce !== flow.nonce)
		throw new Error('the token belongs to another login');
	keepToken(got.access_token, got.expires_in);
}

export function logout() {
	clearTimeout(timer);
	sessionStorage.clear();
}

// Read the configuration and end a login that has just come back. `whenExpired` is called each time
// a token is no good any more. Returns what went wrong with the login, or null.
export async function start(whenExpired) {
	onExpired = whenExpired;
	const words = new URLSearchParams(location.search);
	try {
		config = await (await fetch('/console/config.json', {credentials: 'omit'})).json();
		if (words.has('state'))
			await finish(words);
	} catch (e) {
		return e.message;
	}
	watch();
	return null;
}

export function version() {
	return config?.version ?? '';
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Asking the gateway: JSON with a bearer token, and the stream of events, which is read with fetch
// because EventSource can send no Authorization.

import {token, expired} from './auth.js';

export class Failure extends Error {
	constructor(status, text) {
		super(text);
		this.status = status;
	}
}

async function ask(method, path, {query, body, signal, headers} = {}) {
	const words = new URLSearchParams();
	for (const [key, value] of Object.entries(query ?? {}))
		if (value !== undefined && value !== null && value !== '')
			words.set(key, value);
	const tail = words.size > 0 ? `?${words}` : '';
	let answer;
	try {
		answer = await fetch(`/v1/${path}${tail}`, {
			method, signal, cache: 'no-store', redirect: 'error', credentials: 'omit',
			headers: {
				...headers, Authorization: `Bearer ${token()}`,
				...(body === undefined ? {} : {'Content-Type': 'application/json'}),
			},
			body: body === undefined ? undefined : JSON.stringify(body),
		});
	} catch (e) {
		if (e.name === 'AbortError')
			throw e;
		throw new Failure(0, 'the gateway does not answer');
	}
	if (answer.status === 401)
		expired();
	return answer;
}

async function json(answer) {
	let value = null;
	try {
		value = await answer.json();
	} catch (e) {
		if (e.name === 'AbortError')
			throw e;
	}
	if (!answer.ok)
		throw new Failure(answer.status, value?.error ?? `the gateway answered ${answer.status}`);
	return value;
}

export async function get(path, query, signal) {
	return json(await ask('GET', path, {query, signal}));
}

export async function post(path, body, signal) {
	return json(await ask('POST', path, {body: body ?? {}, signal}));
}

// ---- events

const listeners = new Set();
let state = 'off';

// Call `handle(data, name)` for each event in `names` ('*': any) until `signal` says stop.
export function on(names, handle, signal) {
	const entry = {names: names.split(' '), handle};
	listeners.add(entry);
	signal?.addEventListener('abort', () => listeners.delete(entry));
}

export function emit(name, data) {
	for (const entry of [...listeners])
		if (entry.names.includes(name) || entry.names.includes('*'))
			entry.handle(data, name);
}

export function streamState() {
	return state;
}

function become(next) {
	if (state === next)
		return;
	state = next;
	emit('stream', next);
}

// One block of lines of the stream (HTML, "server-sent events").
function dispatch(block) {
	let name = 'message';
	const data = [];
	for (const line of block.split('\n')) {
		if (line.startsWith('event:'))
			name = line.slice(6).trim();
		else if (line.startsWith('data:'))
			data.push(line.slice(5).replace(/^ /, ''));
	}
	if (data.length === 0)
		return;
	try {
		emit(name, JSON.parse(data.join('\n')));
	} catch (e) {
		if (!(e instanceof SyntaxError))
			throw e;
	}
}

async function read(signal) {
	const answer = await ask('GET', 'events', {signal, headers: {Accept: 'text/event-stream'}});
	if (!answer.ok || !answer.body)
		throw new Failure(answer.status, 'no events');
	become('live');
	emit('resync', null); // what was missed meanwhile
	const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
	for (let rest = ''; ;) {
		const {value, done} = await reader.read();
		if (done)
			return;
		rest = (rest + value).replaceAll('\r\n', '\n');
		const blocks = rest.split('\n\n');
		rest = blocks.pop();
		blocks.forEach(dispatch);
		if (rest.length > 1 << 20)
			throw new Failure(0, 'an event without end');
	}
}

// Follow the events for as long as the page is logged in; a lost connection is made again.
export async function follow(signal) {
	for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 15000)) {
		const begin = Date.now();
		try {
			await read(signal);
		} catch (e) {
			if (signal.aborted || e.status === 401 || e.status === 403) {
				become('off');
				return;
			}
		}
		if (Date.now() - begin > 20000)
			wait = 500;
		become('lost');
		await pause(wait, signal);
	}
	become('off');
}

export function pause(ms, signal) {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);
		signal?.addEventListener('abort', () => {
			clearTimeout(timer);
			resolve();
		}, {once: true});
	});
}

const CALM_MS = 30000;

// Run `load` now, every `ms`, and soon after any event in `names`; never twice at once. While events
// come there is little to ask for: every call is a line in the audit log.
export function keep(load, {ms = 5000, names = '', signal}) {
	let running = false, again = false, soon = null, last = 0;

	const run = async () => {
		if (running) {
			again = true;
			return;
		}
		running = true;
		do {
			again = false;
			last = Date.now();
			await load();
		} while (again && !signal.aborted);
		running = false;
	};
	const poke = () => {
		soon ??= setTimeout(() => {
			soon = null;
			if (!signal.aborted)
				void run();
		}, 120);
	};
	const timer = setInterval(() => {
		if (!document.hidden && (state !== 'live' || Date.now() - last >= CALM_MS))
			void run();
	}, ms);
	on(`${names} resync`, poke, signal);
	signal.addEventListener('abort', () => {
		clearInterval(timer);
		clearTimeout(soon);
	});
	void run();
	return poke;
}

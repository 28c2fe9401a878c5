// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The frame: login, menu, which view is shown, keys.

import * as api from './api.js';
import * as auth from './auth.js';
import {add, alarm, announce, count, empty, h, icon, swap, visible} from './dom.js';
import {approvals} from './approvals.js';
import {audit} from './audit.js';
import {budgets, grants, notifications, revocations} from './lists.js';
import {health} from './health.js';
import {live} from './live.js';
import {policy} from './policy.js';
import {sessions} from './sessions.js';

const AUDITOR = ['admin', 'auditor'], DECIDER = ['admin', 'auditor', 'approver'];

const VIEWS = [
	{name: 'live', text: 'Live', show: live, roles: AUDITOR, key: 'l'},
	{name: 'approvals', text: 'Approvals', show: approvals, roles: DECIDER, key: 'a'},
	{name: 'sessions', text: 'Sessions', show: sessions, roles: AUDITOR, key: 's'},
	{name: 'policy', text: 'Policy', show: policy, roles: AUDITOR, key: 'p'},
	{name: 'revocations', text: 'Revocations', show: revocations, roles: AUDITOR, key: 'r'},
	{name: 'grants', text: 'Grants', show: grants, roles: DECIDER, key: 'g'},
	{name: 'budgets', text: 'Budgets', show: budgets, roles: AUDITOR, key: 'b'},
	{name: 'notifications', text: 'Notifications', show: notifications, roles: AUDITOR, key: 'n'},
	{name: 'health', text: 'Health', show: health, roles: AUDITOR, key: 'h'},
	{name: 'audit', text: 'Audit', show: audit, roles: AUDITOR, key: 'u'},
];

const top = document.getElementById('top'), menu = document.getElementById('menu'), main = document.getElementById('main');
let who = null;
let life = null; // of this login
let viewLife = null; // of what is shown
let pending = 0;

export function may(...roles) {
	return who !== null && roles.some((role) => who.roles.includes(role));
}

const mine = () => VIEWS.filter((view) => may(...view.roles));

// ---- the frame

function drawTop() {
	const state = {live: ['good', 'live'], lost: ['bad', 'connecting again'], off: ['', 'asking every few seconds']}[api.streamState()];
	swap(top,
		h('a', {class: 'brand', href: '#/'}, h('img', {src: '/console/icon.svg', alt: ''}), h('span', {class: 'name'}, 'Bulkhead')),
		h('span', {class: 'status', id: 'stream'}, h('span', {class: `dot ${state[0]}`}), state[1]),
		h('span', {class: 'grow'}),
		h('span', {class: 'status'}, visible(who.name || who.key || 'socket'),
			h('span', {class: 'tag'}, who.roles.join(', ') || 'no role')),
		h('button', {class: 'quiet small', 'data-key': 'help', title: 'Keys (?)', onclick: help}, icon('help'), h('span', {class: 'unseen'}, 'Keys')),
		h('button', {class: 'small', 'data-key': 'logout', onclick: logout}, icon('out'), 'Log out'));
}

function drawMenu(name) {
	swap(menu, h('ul', {}, mine().map((view) => h('li', {},
		h('a', {href: `#/${view.name}`, 'data-key': view.name, 'aria-current': view.name === name ? 'page' : null},
			icon(view.name), view.text,
			view.name === 'approvals' && pending > 0
				? h('span', {class: 'count', 'aria-label': `${pending} pending`}, count(pending)) : null)))));
}

function here() {
	const [name, ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
	return {name, rest};
}

function route() {
	if (who === null)
		return;
	const {name, rest} = here();
	const view = mine().find((v) => v.name === name) ?? (VIEWS.some((v) => v.name === name) ? null : mine()[0]);

	viewLife?.abort();
	viewLife = new AbortController();
	drawMenu(view?.name ?? name);
	main.replaceChildren();
	window.scrollTo(0, 0);
	if (!view) {
		add(main, empty('Not for you', mine().length === 0
			? 'The gateway gives this login no role. Its groups are mapped in admin.roles.'
			: 'This view needs another role.'));
		return;
	}
	document.title = `${view.text} · Bulkhead`;
	view.show({main, rest, signal: viewLife.signal, may});
	announce(view.text);
}

async function countPending() {
	try {
		const found = await api.get('approvals', {state: 'pending', limit: 1000}, life.signal);
		const before = pending;
		pending = found.approvals.length;
		if (pending > before)
			alarm(pending === 1 ? 'A request waits for approval.' : `${pending} requests wait for approval.`);
		drawMenu(here().name || mine()[0]?.name);
	} catch {
		// The views say what does not work.
	}
}

// ---- in and out

function loginPage(why) {
	life?.abort();
	viewLife?.abort();
	who = null;
	top.replaceChildren();
	menu.replaceChildren();
	document.title = 'Log in · Bulkhead';
	const wrong = h('p', {class: 'note bad', role: 'alert', hidden: !why}, why ?? '');
	const deep = here().name === 'approvals' && here().rest[0];
	const fail = (e) => {
		wrong.hidden = false;
		wrong.textContent = e.message;
	};
	const provider = h('button', {class: 'primary', id: 'login', onclick: () => auth.login().catch(fail)}, 'Log in');
	const input = h('textarea', {id: 'token', rows: '4', spellcheck: 'false', autocomplete: 'off', required: true});
	const paste = h('form', {class: 'stack', onsubmit: (e) => {
		e.preventDefault();
		auth.keepToken(input.value.trim());
		input.value = '';
		enter().catch(fail);
	}},
	h('p', {class: 'muted'}, 'No identity provider is set up for the console (admin.console in bulkhead.yaml). ',
		'Paste an access token of one of the gateway’s issuers.'),
	h('div', {class: 'field'}, h('label', {for: 'token'}, 'Access token'), input),
	h('button', {class: 'primary', type: 'submit'}, 'Log in'));
	main.replaceChildren(h('section', {class: 'panel login', 'aria-label': 'Login'}, h('div', {class: 'body'},
		h('div', {class: 'row'}, h('img', {src: '/console/icon.svg', alt: '', width: 28}), h('h1', {}, 'Bulkhead')),
		deep ? h('p', {class: 'note'}, 'A request waits for approval. Log in to see it; the link alone approves nothing.') : null,
		wrong, auth.hasProvider() ? provider : paste)));
	(auth.hasProvider() ? provider : input).focus();
}

async function enter() {
	who = await api.get('whoami');
	life = new AbortController();
	if (may(...AUDITOR))
		void api.follow(life.signal);
	if (may(...DECIDER))
		api.keep(countPending, {ms: 5000, names: 'approval', signal: life.signal});
	api.on('stream', drawTop, life.signal);
	drawTop();
	route();
}

function logout() {
	auth.logout();
	location.hash = '';
	loginPage();
}

// ---- keys

function help() {
	const keys = [['?', 'this list'], ['g then a letter', 'go to a view: ' + mine().map((v) => `${v.key} ${v.text}`).join(', ')],
		['/', 'to the first filter'], ['Esc', 'close a dialog'], ['Space', 'replay: play or pause'], ['← →', 'replay: step by step'],
		['Home End', 'replay: begin, end'], ['+ −', 'replay: speed']];
	const dialog = h('dialog', {'aria-label': 'Keys', onclose: () => dialog.remove()},
		h('header', {}, h('h2', {}, 'Keys')),
		h('div', {class: 'body'}, h('dl', {class: 'facts'}, keys.map(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)]))),
		h('footer', {}, h('form', {method: 'dialog'}, h('button', {}, 'Close'))));
	document.body.append(dialog);
	dialog.showModal();
}

let going = 0;

function onKey(e) {
	if (e.ctrlKey || e.metaKey || e.altKey || who === null || document.querySelector('dialog[open]') !== null ||
		e.target.closest('input, textarea, select') !== null)
		return;
	const view = mine().find((v) => v.key === e.key);
	if (Date.now() - going < 1500 && view) {
		location.hash = `#/${view.name}`;
		e.preventDefault();
	} else if (e.key === '?') {
		help();
	} else if (e.key === '/') {
		main.querySelector('input, select, textarea')?.focus();
		e.preventDefault();
	}
	going = e.key === 'g' ? Date.now() : 0;
}

async function begin() {
	document.querySelector('.skip').addEventListener('click', (e) => {
		e.preventDefault(); // the fragment is the view's
		main.focus();
	});
	window.addEventListener('hashchange', () => (who === null ? loginPage() : route()));
	document.addEventListener('keydown', onKey);
	const wrong = await auth.start(() => loginPage('Your login has ended. Log in again to go on.'));
	if (wrong !== null || !auth.isLoggedIn()) {
		loginPage(wrong);
		return;
	}
	try {
		await enter();
	} catch (e) {
		if (who === null)
			loginPage(e.status === 401 ? 'The gateway does not take this token.' : e.message);
	}
}

void begin();

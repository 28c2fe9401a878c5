// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Lists and what can be done about their entries: revocations, grants, budgets, notifications.

import {get, keep, post} from './api.js';
import {bytes, clip, count, empty, h, lasting, swap, table, tag, time, visible} from './dom.js';
import {confirm, revoke} from './revoke.js';

// A view of one list. `draw(entries, refresh)` makes its table.
function list({main, signal}, {title, text, path, key, query, names, nothing, draw, actions}) {
	const holder = h('div', {class: 'stack'});
	main.append(h('div', {class: 'title'}, h('h1', {}, title), h('p', {}, text), h('div', {class: 'actions'}, actions)), holder);
	let limit = 100;
	const load = async () => {
		try {
			const found = await get(path, {limit, ...query?.()}, signal);
			swap(holder, h('section', {class: 'panel'}, found[key].length === 0 ? empty(...nothing) : draw(found[key], refresh)),
				found.next !== null && limit < 1000 ? h('div', {}, h('button', {'data-key': 'more', onclick: () => {
					limit = 1000;
					refresh();
				}}, 'More')) : null);
		} catch (e) {
			if (!signal.aborted)
				swap(holder, h('p', {class: 'note bad', role: 'alert'}, e.message));
		}
	};
	const refresh = keep(load, {ms: 5000, names, signal});
	return refresh;
}

// A list too long for that: a page at a time, the newest again and again. `read(cursor)` gives {next, shown}.
// Returns what to call when something else is wanted.
export function pages({signal, holder, names, ms, read}) {
	const older = h('button', {}, 'Older'), newest = h('button', {}, 'Newest');
	let cursor = null, next = null;
	const load = async () => {
		try {
			const found = await read(cursor);
			next = found.next;
			older.disabled = next === null;
			newest.disabled = cursor === null;
			swap(holder, h('section', {class: 'panel'}, found.shown));
		} catch (e) {
			if (!signal.aborted)
				swap(holder, h('p', {class: 'note bad', role: 'alert'}, e.message));
		}
	};
	const go = (to) => {
		cursor = to;
		void load();
	};
	older.addEventListener('click', () => go(next));
	newest.addEventListener('click', () => go(null));
	keep(() => (cursor === null ? load() : null), {ms, names, signal});
	return {buttons: h('div', {class: 'row', role: 'group', 'aria-label': 'Pages'}, newest, older), again: () => go(null)};
}

const now = () => Date.now() * 1e6;

function force(one) {
	if (one.lifted_ns)
		return tag('lifted');
	return one.expires_ns && one.expires_ns < now() ? tag('over') : tag('in force', 'bad');
}

export function revocations(context) {
	const {may} = context;
	const resource = h('input', {id: 'target', placeholder: 'name of a resource', spellcheck: 'false', 'aria-label': 'Resource to revoke'});
	const byResource = may('admin') ? h('form', {class: 'row', onsubmit: async (e) => {
		e.preventDefault();
		try {
			const found = await post('revocations/preview', {kind: 'resource', resource: resource.value.trim()});
			resource.setCustomValidity('');
			revoke({kind: 'resource', node: found.node, label: found.label});
		} catch (error) {
			resource.setCustomValidity(error.message);
			resource.reportValidity();
			resource.addEventListener('input', () => resource.setCustomValidity(''), {once: true});
		}
	}}, resource, h('button', {class: 'danger', type: 'submit'}, 'Revoke resource…')) : null;
	list(context, {
		title: 'Revocations', text: 'What is kept out, now and before.', path: 'revocations', key: 'revocations', names: 'revocation',
		nothing: ['Nothing is revoked', 'Revoke a node from the tree of live sessions.'], actions: byResource,
		draw: (entries, refresh) => table(['Since', 'What', 'Whom', 'State', 'Reason', 'By', {text: 'Sessions ended', right: true}, {text: 'Took', right: true}, 'Until', ''],
			entries.map((one) => [time(one.created_ns), tag(one.kind), clip(one.label || one.node), force(one), clip(one.reason), clip(one.by),
				count(one.closed ?? 0), one.ms === undefined ? '–' : `${one.ms.toFixed(1)} ms`, one.expires_ns ? time(one.expires_ns) : 'lifted by hand',
				!one.lifted_ns && may('admin') ? h('button', {class: 'small', 'data-key': `lift-${one.id}`, onclick: () => confirm('Lift this revocation',
					'Logins are judged by the policy again.', 'Lift it', async (reason) => {
						await post(`revocations/${one.id}/lift`, reason ? {reason} : {});
						refresh();
					})}, 'Lift…') : null]), 'Revocations, the newest first'),
	});
}

export function grants(context) {
	const {may} = context;
	const state = (one) => (one.revoked_ns ? tag('ended') : one.expires_ns < now() ? tag('over') : tag('in force', 'good'));
	list(context, {
		title: 'Grants', text: 'Access for a time, as it was approved.', path: 'grants', key: 'grants', names: 'approval revocation',
		nothing: ['No grants', 'A rule may ask for one; it begins with an approval.'],
		draw: (entries, refresh) => table(['Granted', 'Whom', 'Resource', 'State', 'Until', 'Reason', 'Approval', ''],
			entries.map((one) => [time(one.granted_ns), clip(one.name || one.key), visible(one.resource), state(one), time(one.expires_ns), clip(one.reason),
				one.approval ? h('a', {class: 'mono', href: `#/approvals/${one.approval}`}, one.approval) : '–',
				!one.revoked_ns && one.expires_ns > now() && may('admin', 'approver') ? h('button', {class: 'danger small', 'data-key': one.id, onclick: () =>
					confirm('End this grant', 'The sessions that live by it end too.', 'End it', async (reason) => {
						await post(`grants/${one.id}/revoke`, reason ? {reason} : {});
						refresh();
					})}, 'End…') : null]), 'Grants, the newest first'),
	});
}

function share(one) {
	const part = one.limit > 0 ? Math.min(1, one.used / one.limit) : 1;
	const bar = h('div', {});
	bar.style.width = `${part * 100}%`;
	return h('div', {class: part >= 0.8 ? 'meter wait' : 'meter', role: 'meter', 'aria-valuenow': Math.round(part * 100), 'aria-valuemin': 0, 'aria-valuemax': 100,
		'aria-label': 'used'}, bar);
}

export function budgets(context) {
	const amount = (one, n) => (one.metric === 'bytes' ? bytes(n) : count(n));
	list(context, {
		title: 'Budgets', text: 'How much of what they may use each node has used.', path: 'budgets', key: 'budgets', names: 'stats',
		nothing: ['No budgets', 'Rules and tokens may set them.'],
		draw: (entries) => table(['Whom', 'Of what', {text: 'Used', right: true}, {text: 'Limit', right: true}, 'Share', 'Window', 'Begins anew in'],
			entries.map((one) => [clip(one.label || one.node), tag(one.metric), amount(one, one.used), amount(one, one.limit), share(one), lasting(one.window_s),
				one.resets_ns ? lasting(one.resets_ns / 1e9 - Date.now() / 1000) : '–']), 'Budgets'),
	});
}

export function notifications(context) {
	const {may} = context;
	const kinds = {pending: 'wait', sent: 'good', dead: 'bad'};
	const state = h('select', {id: 'state', 'aria-label': 'State'}, [['', 'all'], ['dead', 'dead letters'], ['pending', 'pending'], ['sent', 'sent']]
		.map(([value, text]) => h('option', {value}, text)));
	const refresh = list(context, {
		title: 'Notifications', text: 'What was told to the outside, and what could not be.', path: 'notifications', key: 'notifications', names: 'approval',
		query: () => ({state: state.value}), nothing: ['No notifications', 'None fits.'], actions: state,
		draw: (entries, again) => table(['Made', 'Channel', 'About', 'State', {text: 'Attempts', right: true}, 'Next', 'Error', ''],
			entries.map((one) => [time(one.created_ns), visible(one.channel),
				one.approval ? h('a', {class: 'mono', href: `#/approvals/${one.approval}`}, one.approval) : visible(one.event), tag(one.state, kinds[one.state]),
				count(one.attempts), time(one.next_ns), clip(one.error),
				one.state === 'dead' && may('admin') ? h('button', {class: 'small', 'data-key': `again-${one.id}`, onclick: async () => {
					await post(`notifications/${one.id}/requeue`);
					again();
				}}, 'Try again') : null]), 'Notifications, the newest first'),
	});
	state.addEventListener('change', refresh);
}

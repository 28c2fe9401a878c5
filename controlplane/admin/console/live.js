// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Live sessions, each below who opened it, and that below who started them.

import {get, keep} from './api.js';
import {badge, clip, count, empty, h, lasting, swap, tag, visible} from './dom.js';
import {revoke} from './revoke.js';

const tally = (n, text, kind) =>
	h('span', {class: n > 0 ? kind : 'zero'}, h('b', {}, count(n)), ` ${text}`);

function nodeRow(node, context) {
	return h('div', {class: 'node'},
		h('div', {class: 'who'}, badge(node.kind),
			h('strong', {title: node.key}, visible(node.name || node.key)),
			h('small', {}, visible(`${node.issuer} · ${node.key}`)),
			node.revoked ? tag('revoked', 'bad') : null),
		h('div', {class: 'counts'},
			tally(node.live, 'live', 'good'), tally(node.commands, 'commands', ''), tally(node.rows, 'rows', ''),
			tally(node.masked, 'masked', 'mask'), tally(node.denied, 'blocked', 'bad'), tally(context.held.get(node.node) ?? 0, 'held', 'wait')),
		context.may('admin') ? h('button', {
			class: 'danger small', 'data-key': `revoke-${node.node}`, disabled: node.revoked,
			'aria-label': `Revoke ${node.name || node.key}`,
			onclick: () => revoke({kind: 'node', node: node.node, label: node.name || node.key, link: node}),
		}, 'Revoke…') : null);
}

function sessionRow(id, context) {
	const one = context.sessions.get(id);
	const link = h('a', {href: `#/sessions/${id}`, class: 'mono', 'data-key': id}, id);
	if (!one)
		return h('div', {class: 'session'}, link);
	return h('div', {class: 'session'},
		h('span', {class: 'dot good'}),
		h('div', {class: 'where'}, link, h('strong', {}, visible(one.resource)), h('span', {class: 'muted'}, visible(one.database)),
			clip(one.application), h('span', {class: 'muted nowrap'}, visible(one.client))),
		h('div', {class: 'counts'},
			h('span', {class: 'muted'}, lasting(Date.now() / 1000 - one.opened_ns / 1e9))));
}

function branch(node, context) {
	const below = [...node.open.map((id) => sessionRow(id, context)), ...node.children.map((child) => branch(child, context))];
	const one = h('li', {}, nodeRow(node, context));
	if (below.length > 0)
		one.append(h('ul', {}, below.map((row) => (row.tagName === 'LI' ? row : h('li', {}, row)))));
	return one;
}

function sum(nodes, what) {
	return nodes.reduce((n, node) => n + node[what] + sum(node.children, what), 0);
}

// How many of the pending requests each node made.
function heldBy(approvals) {
	const held = new Map();
	for (const approval of approvals) {
		const node = approval.chain.at(-1)?.node;
		held.set(node, (held.get(node) ?? 0) + 1);
	}
	return held;
}

function totals(chains, held) {
	const one = (name, value, kind) => h('div', {}, h('dt', {}, name), h('dd', {class: `number ${Number(value) > 0 ? kind : ''}`}, value));
	return h('dl', {class: 'stats'},
		one('Live sessions', count(sum(chains, 'live')), 'good'), one('Chains', count(chains.length), ''),
		one('Commands', count(sum(chains, 'commands')), ''), one('Rows', count(sum(chains, 'rows')), ''),
		one('Values masked', count(sum(chains, 'masked')), 'mask'), one('Blocked', count(sum(chains, 'denied')), 'bad'),
		one('Held now', count([...held.values()].reduce((a, b) => a + b, 0)), 'wait'));
}

export function live({main, signal, may}) {
	const holder = h('div', {class: 'stack'});
	const all = h('input', {type: 'checkbox', id: 'all', onchange: () => load()});
	main.append(h('div', {class: 'title'}, h('h1', {}, 'Live'), h('p', {}, 'Who is connected, through whom, and what each of them did.'),
		h('div', {class: 'actions'}, h('label', {for: 'all', class: 'row'}, all, 'also chains without live sessions'))), holder);

	async function load() {
		try {
			const [found, open, waiting] = await Promise.all([
				get('chains', {live: all.checked ? 0 : 1, limit: 200}, signal), get('sessions', {live: 1, limit: 1000}, signal),
				get('approvals', {state: 'pending', limit: 1000}, signal).catch(() => ({approvals: []})),
			]);
			const held = heldBy(waiting.approvals);
			const context = {may, held, sessions: new Map(open.sessions.map((one) => [one.id, one]))};
			swap(holder, totals(found.chains, held),
				h('section', {class: 'panel', 'aria-label': 'Chains'}, found.chains.length === 0
					? empty('Nobody is connected', 'A session shows here the moment it opens.')
					: h('ul', {class: 'tree', id: 'tree'}, found.chains.map((node) => branch(node, context)))),
				found.next !== null ? h('p', {class: 'muted'}, 'Only the 200 chains that were active last.') : null);
		} catch (e) {
			if (!signal.aborted)
				swap(holder, h('p', {class: 'note bad', role: 'alert'}, e.message));
		}
	}
	keep(load, {ms: 5000, names: 'session_opened session_closed approval revocation', signal});
}

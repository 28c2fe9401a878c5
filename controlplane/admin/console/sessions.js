// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The history of sessions, and one of them with its recording.

import {get, keep, post} from './api.js';
import {bytes, chain, clip, count, empty, facts, h, lasting, swap, table, tag, time, visible} from './dom.js';
import {pages} from './lists.js';
import {replay} from './replay.js';
import {confirm} from './revoke.js';

const PAGE = 100;

function rows(list) {
	return list.map((one) => [
		time(one.opened_ns),
		h('a', {href: `#/sessions/${one.id}`, class: 'mono', 'data-key': one.id}, one.id),
		clip(one.chain || one.name || one.subject), clip(one.resource), clip(one.application),
		one.closed_ns ? h('span', {class: 'nowrap'}, lasting((one.closed_ns - one.opened_ns) / 1e9)) : tag('live', 'good'),
		one.commands, one.rows,
		one.masked > 0 ? h('span', {class: 'number mask'}, count(one.masked)) : 0,
		one.denied > 0 ? h('span', {class: 'number bad'}, count(one.denied)) : 0,
		bytes(one.bytes_out), h('span', {class: 'nowrap'}, visible(one.client)),
	]);
}

const HEADS = ['Opened', 'Session', 'Chain', 'Resource', 'Application', 'Lasted', {text: 'Commands', right: true}, {text: 'Rows', right: true},
	{text: 'Masked', right: true}, {text: 'Blocked', right: true}, {text: 'Sent', right: true}, 'Client'];

function history({main, signal}) {
	const subject = h('input', {id: 'subject', size: 26, placeholder: 'key of the root', spellcheck: 'false'});
	const resource = h('input', {id: 'resource', size: 18, spellcheck: 'false'});
	const only = h('select', {id: 'which'}, h('option', {value: ''}, 'all'), h('option', {value: '1'}, 'live only'));
	const holder = h('div', {class: 'stack'});
	const {buttons, again} = pages({
		signal, holder, ms: 10000, names: 'session_opened session_closed',
		read: async (cursor) => {
			const {sessions: list, next} = await get('sessions', {limit: PAGE, cursor, subject: subject.value.trim(), resource: resource.value.trim(),
				live: only.value}, signal);
			return {next, shown: list.length === 0 ? empty('No sessions', 'None fits.') : table(HEADS, rows(list), 'Sessions, the newest first')};
		},
	});
	main.append(h('div', {class: 'title'}, h('h1', {}, 'Sessions')),
		h('form', {class: 'filters', role: 'search', onchange: again, onsubmit: (e) => {
			e.preventDefault();
			again();
		}},
		h('div', {class: 'field'}, h('label', {for: 'subject'}, 'Subject'), subject),
		h('div', {class: 'field'}, h('label', {for: 'resource'}, 'Resource'), resource),
		h('div', {class: 'field'}, h('label', {for: 'which'}, 'Which'), only),
		h('button', {type: 'submit'}, 'Filter')),
		holder, buttons);
}

function about(one) {
	return h('section', {class: 'panel', 'aria-label': 'About'}, h('div', {class: 'body columns'},
		facts([
			['Chain', one.links?.length ? chain(one.links) : visible(one.chain || one.subject)],
			['Issuer', visible(one.issuer)], ['Resource', visible(one.resource)], ['Rule', visible(one.rule)], ['Policy', `version ${one.policy ?? '–'}`],
		]),
		facts([
			['Client', visible(one.client)], ['Application', visible(one.application || '–')], ['Database', visible(one.database)], ['User asked for', visible(one.user)],
		]),
		facts([
			['Opened', time(one.opened_ns)],
			['Closed', one.closed_ns ? time(one.closed_ns) : tag('live', 'good')],
			one.closed_ns ? ['End', visible([one.end, one.reason].filter(Boolean).join(': '))] : null,
			['Commands', `${count(one.commands)}, ${count(one.denied)} blocked`], ['Rows', `${count(one.rows)}, ${count(one.masked)} values masked`],
			['Bytes', `${bytes(one.bytes_in)} in, ${bytes(one.bytes_out)} out`],
		])));
}

async function page({main, rest, signal, may}) {
	const id = rest[0];
	const holder = h('div', {class: 'stack'}), actions = h('div', {class: 'actions'});
	main.append(h('div', {class: 'title'}, h('h1', {}, 'Session ', h('span', {class: 'mono'}, id)),
		h('p', {}, h('a', {href: '#/sessions'}, 'all sessions')), actions), holder);
	const top = h('div', {}), body = h('div', {});
	holder.append(top, body);
	const load = async () => {
		try {
			const one = await get(`sessions/${encodeURIComponent(id)}`, {}, signal);
			swap(top, about(one));
			swap(actions, !one.closed_ns && may('admin') ? h('button', {class: 'danger', 'data-key': 'end', onclick: () =>
				confirm('End this session', 'The client is told, and may connect again. To keep it out, revoke it.', 'End it',
					(reason) => post(`sessions/${id}/kill`, reason ? {reason} : {}))}, 'End session…') : null);
		} catch (e) {
			if (!signal.aborted)
				swap(top, h('p', {class: 'note bad', role: 'alert'}, e.message));
		}
	};
	keep(load, {ms: 5000, names: 'session_closed', signal});
	await replay(body, id, signal);
}

export function sessions(context) {
	if (context.rest[0])
		void page(context);
	else
		history(context);
}
